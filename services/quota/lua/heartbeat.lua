-- A generator lives. A new id at a known address is the same place restarted: the old one gets nothing more.
-- Reads and writes: gens, gen, addr.
-- ARGV 2.. : id address models("a b") slots picture_us or "". Reply: "OK".

local id, address = ARGV[2], ARGV[3]
local before = redis.call('GET', P .. 'addr:' .. address)
if before and before ~= id then redis.call('ZADD', P .. 'gens', 'XX', 0, before) end
redis.call('SET', P .. 'addr:' .. address, id, 'PX', 3600000)
redis.call('HSET', P .. 'gen:' .. id, 'address', address, 'models', ARGV[4], 'slots', ARGV[5],
  'picture_us', ARGV[6], 'suspect', '0')
redis.call('HINCRBY', P .. 'gen:' .. id, 'leased', 0)
redis.call('HINCRBY', P .. 'gen:' .. id, 'leased_work', 0)
redis.call('ZADD', P .. 'gens', whole(now), id)
return 'OK'
