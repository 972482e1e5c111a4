-- Writes one event of a job, unless the job has ended.
--
-- KEYS[1] {edge}:job:ID     hash: the record
-- KEYS[2] {edge}:events:ID  stream: "kind", "time" (Unix seconds), "data" (JSON); its ids are the event ids
-- KEYS[3] {edge}:news       stream: "job" has the event "event"; every replica reads it to wake its readers
-- ARGV: kind, time, data, most events kept, job id, most news kept, then field, value, ... to set in the record
-- Returns the event's id, or "" when the job has ended.
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'committed' or state == 'refunded' then
  return ''
end
for i = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
local event =
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'kind', ARGV[1], 'time', ARGV[2], 'data', ARGV[3])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'job', ARGV[5], 'event', event)
return event
