-- Says how long jobs may still be left alone: longer while their calls are held open, shorter once they are not.
--
-- KEYS[1] {edge}:held  sorted set: job id to when it is given up (see accept.lua)
-- ARGV: milliseconds from now, prefix of the records' keys (of the same slot) where their callers left without an
--       answer or "" where they are held, then job ids. Those that are not in the set are left out of it.
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for i = 3, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', at, ARGV[i])
  if ARGV[2] ~= '' and redis.call('EXISTS', ARGV[2] .. ARGV[i]) == 1 then
    redis.call('HSET', ARGV[2] .. ARGV[i], 'left', '1')
  end
end
return #ARGV - 2
