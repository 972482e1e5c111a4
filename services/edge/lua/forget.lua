-- Forgets an ended job. What stays, for a while, is that there was one: its request id must not draw again.
--
-- KEYS[1] {edge}:job:ID      hash: the record
-- KEYS[2] {edge}:events:ID   stream of events
-- KEYS[3] {edge}:of:ACCOUNT  sorted set of the account's job ids
-- KEYS[4] {edge}:due         as in due.lua
-- ARGV: id, seconds to remember that there was one
-- Returns 1, or 0 when the job has not ended.
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'committed' and state ~= 'refunded' then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'state', state)
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], 'forget ' .. ARGV[1], 'webhook ' .. ARGV[1])
return 1
