-- Every class that was ever waited in, and every generator that is alive. Writes nothing.
-- Reads: lines, line, class, gens, gen.
-- ARGV 2.. : silence_ms. Reply: {{model, tier, waiting, pictures waiting, work waiting, work that ever joined}...},
--   {{id, address, models, slots, leased, picture_us or "", leased work}...}.

local classes, ovens = {}, {}
for i, name in ipairs(redis.call('SMEMBERS', P .. 'lines')) do
  local model, tier = string.match(name, '^(%S+) (%S+)$')
  local where = model .. ':' .. tier
  classes[i] = {model, tier, redis.call('ZCARD', P .. 'line:' .. where), number(P .. 'class:' .. where, 'cost'),
    number(P .. 'class:' .. where, 'work'), number(P .. 'class:' .. where, 'joined')}
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'gens', '(' .. whole(now - tonumber(ARGV[2])), '+inf')) do
  local gen = redis.call('HMGET', P .. 'gen:' .. id, 'address', 'models', 'slots', 'leased', 'picture_us', 'leased_work')
  ovens[#ovens + 1] = {id, gen[1], gen[2], gen[3], gen[4] or '0', gen[5] or '', gen[6] or '0'}
end
return {classes, ovens}
