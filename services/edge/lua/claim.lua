-- Finds the job of an earlier attempt at the same call, and holds it for the attempt that asks.
--
-- KEYS[1] {edge}:call:CALL  list of job ids, oldest first
-- KEYS[2] {edge}:held       sorted set: job id to when it is given up (see accept.lua)
-- ARGV: prefix of the records' keys (of the same slot), milliseconds a claim holds, milliseconds of grace after a
--       holder left, milliseconds a finished job may still be claimed, "1" when the caller says that it tries again
-- The job that nobody waits for comes first: left alone under way, then left alone and finished. Only who says that it
-- tries again may also have one whose caller was not seen to leave (its connection may be dead, its replica too), but
-- none whose answer was taken: the same words may be asked for twice, and be refused once in between.
-- Returns the job's id, or "".
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, found_rank, found_age
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = redis.call('HMGET', ARGV[1] .. id, 'state', 'ended', 'answered', 'given_up', 'left')
  local rank, age
  if job[1] == 'committed' then
    if not job[3] and now - tonumber(job[2]) * 1000 < tonumber(ARGV[4]) then
      rank, age = job[5] and 2 or 3, tonumber(job[2]) * 1000
    end
  elseif job[1] and job[1] ~= 'refunded' and not job[4] then
    local held_until = tonumber(redis.call('ZSCORE', KEYS[2], id))
    if held_until then
      rank, age = (job[5] or held_until - now <= tonumber(ARGV[3])) and 1 or 4, held_until
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
redis.call('HDEL', ARGV[1] .. found, 'left')
redis.call('ZADD', KEYS[2], 'XX', now + tonumber(ARGV[2]), found)
return found
