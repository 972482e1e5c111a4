-- HELD to RUNNING on the generator that was given while the store was away. Any other state is left alone.
-- Reads and writes: res, expiry, class, arrival, gen, moves.
-- ARGV 2.. : id generator address lease_ms. Reply: reservation; or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if r.state == 'HELD' then
  local class, gen = P .. 'class:' .. r.where, P .. 'gen:' .. ARGV[3]
  local known = redis.call('EXISTS', gen) == 1
  if known then
    redis.call('HINCRBY', gen, 'leased', r.cost)
    redis.call('HINCRBY', gen, 'leased_work', r.work)
  end
  redis.call('HINCRBY', class, 'held', -1)
  -- Where it stands if the turn comes back: at the head.
  set(r, 'state', 'RUNNING', 'attempts', '1', 'generator', ARGV[3], 'address', ARGV[4], 'freed', known and '0' or '1',
    'arrival', whole(redis.call('INCR', P .. 'arrival')), 'tag', whole(number(class, 'virtual')))
  r = load(r.id)
  expires(r, now + tonumber(ARGV[5]))
  moved(r)
end
return show(r)
