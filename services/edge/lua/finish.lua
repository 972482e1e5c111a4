-- Ends a job, once: last event, final state, no more lease; what is to be done about it from now on.
--
-- KEYS[1] {edge}:job:ID     hash: the record
-- KEYS[2] {edge}:events:ID  stream of events
-- KEYS[3] {edge}:work       stream of unfinished jobs
-- KEYS[4] {edge}:due        as in due.lua
-- ARGV: id, kind, time, data, seconds to keep, "1" when somebody waits to be told, then field, value, ... to set in
-- the record ("state" among them)
-- Returns the event's id, or "" when the job had ended before.
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'committed' or state == 'refunded' then
  return ''
end
for i = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
local event = redis.call('XADD', KEYS[2], '*', 'kind', ARGV[2], 'time', ARGV[3], 'data', ARGV[4])
local entry = redis.call('HGET', KEYS[1], 'work')
if entry then
  redis.call('XACK', KEYS[3], 'edges', entry)
  redis.call('XDEL', KEYS[3], entry)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[4], string.format('%.0f', now + ARGV[5] * 1000), 'forget ' .. ARGV[1])
if ARGV[6] == '1' then
  redis.call('ZADD', KEYS[4], now, 'webhook ' .. ARGV[1])
end
-- Longer than it is kept: it is read once more when its pictures are deleted.
redis.call('EXPIRE', KEYS[1], ARGV[5] + 86400)
redis.call('EXPIRE', KEYS[2], ARGV[5])
return event
