-- HELD to QUEUED: a place behind the account's own tickets. Any other state is left alone.
-- Reads and writes: res, expiry, class, line, ends, arrival. Writes: shares:<model> (a class that wakes).
-- ARGV 2.. : id ttl_ms. Reply: reservation, place, pictures and work ahead, turns returned to its class; or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if r.state == 'HELD' then
  local ends, class = P .. 'ends:' .. r.where, P .. 'class:' .. r.where
  r.arrival = whole(redis.call('INCR', P .. 'arrival'))
  r.tag = math.max(number(class, 'virtual'), tonumber(redis.call('ZSCORE', ends, r.account) or '0'))
  redis.call('ZADD', ends, whole(r.tag + r.work), r.account)
  redis.call('HINCRBY', class, 'held', -1)
  redis.call('HINCRBY', class, 'joined', r.work)
  set(r, 'arrival', r.arrival, 'tag', whole(r.tag))
  stand(r, r.tag)
  expires(r, math.max(r.expire, now + tonumber(ARGV[3])))
end
local rank, cost, work, returned = place(r, {})
return {show(r), rank, cost, work, returned}
