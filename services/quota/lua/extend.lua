-- Live reservations live at least ttl from now; a longer life is not shortened.
-- Reads and writes: res (expire), expiry.
-- ARGV 2.. : ttl_ms ids... Reply: the ids that are not live.

local until_ms, lost = now + tonumber(ARGV[2]), {}
for i = 3, #ARGV do
  local at = redis.call('ZSCORE', P .. 'expiry', ARGV[i])
  if not at then
    lost[#lost + 1] = ARGV[i]
  elseif tonumber(at) < until_ms then
    redis.call('ZADD', P .. 'expiry', whole(until_ms), ARGV[i])
    redis.call('HSET', P .. 'res:' .. ARGV[i], 'expire', whole(until_ms))
  end
end
return lost
