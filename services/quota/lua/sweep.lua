-- Moves reservations whose time ran out: HELD and QUEUED end EXPIRED, RUNNING goes back to the head of its line or,
-- after the last attempt, ends FAILED. Forgets generators that are long silent and hold no turn.
-- Reads and writes: expiry, everything that `give_back` and `finish` touch; gens, gen.
-- ARGV 2.. : limit ttl_ms max_attempts keep_ms. Reply: expired, failed, returned.

local counts = {expired = 0, failed = 0, returned = 0}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', whole(now), 'LIMIT', 0, ARGV[2])) do
  local r = load(id)
  local what
  if not r then
    redis.call('ZREM', P .. 'expiry', id)
  elseif r.state == 'RUNNING' then
    what = give_back(r, tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5])
  else
    finish(r, 'REFUNDED', 0, 'EXPIRED', ARGV[5])
    what = 'expired'
  end
  if what then counts[what] = counts[what] + 1 end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'gens', '-inf', whole(now - 60000), 'LIMIT', 0, 100)) do
  if number(P .. 'gen:' .. id, 'leased') <= 0 then
    redis.call('ZREM', P .. 'gens', id)
    redis.call('DEL', P .. 'gen:' .. id)
  end
end
return {counts.expired, counts.failed, counts.returned}
