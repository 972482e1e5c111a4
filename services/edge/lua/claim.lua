-- Finds the job of an earlier attempt at the same call, and holds it for the attempt that asks.
--
-- KEYS[1] {edge}:call:CALL  list of job ids, oldest first
-- KEYS[2] {edge}:held       sorted set: job id to when it is given up (see accept.lua)
-- ARGV: prefix of the records' keys (of the same slot), milliseconds a claim holds, milliseconds of grace after a
--       holder left, milliseconds a finished job may still be claimed, "1" when the caller says that it tries again
-- The jobs that nobody waits for come first: under way and left alone, then finished and never answered. Only who says
-- that it tries again may also have one that is still held (its holder's connection may be dead), or one whose answer
-- was written (it may have been lost on its way).
-- Returns the job's id, or "".
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, found_rank, found_age
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = redis.call('HMGET', ARGV[1] .. id, 'state', 'ended', 'answered', 'given_up')
  local rank, age
  if job[1] == 'committed' then
    if now - tonumber(job[2]) * 1000 < tonumber(ARGV[4]) then
      rank, age = job[3] and 4 or 2, -tonumber(job[2])
    end
  elseif job[1] and job[1] ~= 'refunded' and not job[4] then
    local held_until = tonumber(redis.call('ZSCORE', KEYS[2], id))
    if held_until then
      rank, age = held_until - now <= tonumber(ARGV[3]) and 1 or 3, held_until
    end
  end
  if rank and (rank <= 2 or ARGV[5] == '1')
    and (not found or rank < found_rank or (rank == found_rank and age < found_age)) then
    found, found_rank, found_age = id, rank, age
  end
end
if not found then
  return ''
end
if found_rank % 2 == 1 then
  redis.call('ZADD', KEYS[2], 'XX', now + tonumber(ARGV[2]), found)
else
  redis.call('HSET', ARGV[1] .. found, 'answered', '1')
end
return found
