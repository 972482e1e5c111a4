-- Ends a job, once: last event, final state, no more lease.
--
-- KEYS[1] {edge}:job:ID     hash: the record
-- KEYS[2] {edge}:events:ID  stream of events
-- KEYS[3] {edge}:work       stream of unfinished jobs
-- KEYS[4] {edge}:news       stream that wakes readers (see tell.lua)
-- ARGV: kind, time, data, seconds to keep, job id, most news kept, then field, value, ... to set in the record ("state"
--       among them)
-- Returns the event's id, or "" when the job had ended before.
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'committed' or state == 'refunded' then
  return ''
end
for i = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
local event = redis.call('XADD', KEYS[2], '*', 'kind', ARGV[1], 'time', ARGV[2], 'data', ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', 'job', ARGV[5], 'event', event)
local entry = redis.call('HGET', KEYS[1], 'work')
if entry then
  redis.call('XACK', KEYS[3], 'edges', entry)
  redis.call('XDEL', KEYS[3], entry)
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return event
