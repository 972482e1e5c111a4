-- Says how long jobs may still be left alone: longer while their calls are held open, shorter once they are not.
--
-- KEYS[1] {edge}:held  sorted set: job id to when it is given up (see accept.lua)
-- ARGV: milliseconds from now, prefix of the records' keys (of the same slot) where their callers left without an
--       answer or "" where they are held, prefix of the calls' keys, then job ids. Those that are not in the set are
--       left out of it.
-- An attempt that was lost before its job was accepted could not be joined: its retry made a job of its own ("again").
-- The one that nobody waits for is then given up without grace, so that not both are drawn and charged.
local function superseded(id, call)
  local found = false
  for _, other in ipairs(redis.call('LRANGE', ARGV[3] .. call, 0, -1)) do
    if found and redis.call('HDEL', ARGV[2] .. other, 'again') == 1 then
      return true
    end
    found = found or other == id
  end
  return false
end

local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for i = 4, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', at, ARGV[i])
  local call = ARGV[2] ~= '' and redis.call('HGET', ARGV[2] .. ARGV[i], 'call')
  if call then
    redis.call('HSET', ARGV[2] .. ARGV[i], 'left', '1')
    if superseded(ARGV[i], call) then
      redis.call('ZADD', KEYS[1], 'XX', 0, ARGV[i])
    end
  end
end
return #ARGV - 3
