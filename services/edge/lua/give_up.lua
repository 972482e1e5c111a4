-- Takes the jobs that nobody has held a call open for any more, so that they are cancelled.
--
-- KEYS[1] {edge}:held   sorted set: job id to when it is given up (see accept.lua)
-- KEYS[2] {edge}:looked when this was last called, in milliseconds
-- ARGV: prefix of the records' keys (of the same slot), milliseconds a holder holds, milliseconds between two looks that
--       are too many, milliseconds until what was taken here is given out again, most jobs
-- When nobody has looked for too long the store was away, and no holder could say that it is there: all get new time.
-- Returns ids. "given_up" in their records keeps anybody from claiming them; a caller that dies before it has cancelled
-- them is followed by the next.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local looked = tonumber(redis.call('GET', KEYS[2]))
redis.call('SET', KEYS[2], string.format('%d', now), 'PX', 3600000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
if not looked or now - looked > tonumber(ARGV[3]) then
  for _, id in ipairs(due) do
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), id)
  end
  return {}
end
local taken = {}
for _, id in ipairs(due) do
  local state = redis.call('HGET', ARGV[1] .. id, 'state')
  if not state or state == 'committed' or state == 'refunded' then
    redis.call('ZREM', KEYS[1], id)
  elseif #taken < tonumber(ARGV[5]) then
    redis.call('HSET', ARGV[1] .. id, 'given_up', '1')
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[4]), id)
    taken[#taken + 1] = id
  end
end
return taken
