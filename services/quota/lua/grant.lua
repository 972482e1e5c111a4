-- Hands out turns while a living generator has a free slot and a ticket for one of its models waits.
-- A generator may be leased beyond its slots by less than one job, so that a job of many pictures cannot block
-- the line behind it. A tier with overcommit may, when no slot is free and it is its turn, take slots beyond them, on
-- its class's account: the oven puts others aside meanwhile. `line.py` holds the theory.
-- Reads and writes: line, class, ends, shares, shares:<model>, gen (leased), res, expiry, moves. Reads: lines, gens.
-- ARGV 2.. : limit silence_ms lease_ms catch_up, then tier weight overcommit (per cent) triples. Reply: {{id, model, tier, cost, generator}...}.

local limit, silence, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local catch_up = tonumber(ARGV[5]) * SCALE
local weights, over = {}, {}
for i = 6, #ARGV, 3 do weights[ARGV[i]], over[ARGV[i]] = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]) end
local function weight(tier) return weights[tier] or 1 end

-- model -> tier -> tickets waiting; nothing to do is the common case, so it is looked at first.
local waiting = {}
for _, name in ipairs(redis.call('SMEMBERS', P .. 'lines')) do
  local model, tier = string.match(name, '^(%S+) (%S+)$')
  local count = redis.call('ZCARD', P .. 'line:' .. model .. ':' .. tier)
  if count > 0 then
    waiting[model] = waiting[model] or {}
    waiting[model][tier] = count
  end
end
if not next(waiting) then return {} end

-- In order of id, so that equals are chosen alike everywhere.
local ovens = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'gens', '(' .. whole(now - silence), '+inf')) do
  local gen = redis.call('HMGET', P .. 'gen:' .. id, 'address', 'models', 'slots', 'leased', 'suspect')
  local slots = tonumber(gen[3])
  if slots > 0 and gen[5] ~= '1' then
    local serves = {}
    for model in string.gmatch(gen[2], '%S+') do serves[model] = true end
    ovens[#ovens + 1] = {id = id, address = gen[1], slots = slots, free = slots - tonumber(gen[4] or '0'),
      serves = serves}
  end
end
table.sort(ovens, function(a, b) return a.id < b.id end)

-- The oven with the most room for a model, and its room; `extra` is the per cent of slots beyond them.
local function roomiest(model, extra)
  local best, most
  for _, oven in ipairs(ovens) do
    local room = oven.free + math.ceil(oven.slots * extra / 100)
    if room > 0 and oven.serves[model] and (not best or room > most) then best, most = oven, room end
  end
  return best
end

-- The tier whose turn it is among those of a model that wait, with its oven; nil when there is no room for it. With no
-- slot free only a tier with overcommit finds room, and only in its turn: beyond its share it waits for a slot too.
local function next_tier(model)
  local best
  for tier in pairs(waiting[model]) do
    local one = {tier = tier, start = number(P .. 'shares:' .. model, 'tag:' .. tier), weight = weight(tier)}
    if not best or one.start < best.start or (one.start == best.start and (one.weight > best.weight
      or (one.weight == best.weight and one.tier < best.tier))) then best = one end
  end
  local extra = over[best.tier] or 0
  best.oven = roomiest(model, 0) or (extra > 0 and roomiest(model, extra)) or nil
  return best.oven and best
end

local function next_model()
  local floor = number(P .. 'shares', 'virtual') - catch_up
  local best
  for model in pairs(waiting) do
    local class = next_tier(model)
    if class then
      local tag = number(P .. 'shares', 'tag:' .. model)
      local one = {model = model, start = math.max(tag, floor), tag = tag, class = class}
      if not best or one.start < best.start or (one.start == best.start and (one.tag < best.tag
        or (one.tag == best.tag and one.model < best.model))) then best = one end
    end
  end
  return best
end

-- The served flow's tag grows; the virtual time of those it was chosen among follows it.
local function charge(key, flow, start, amount)
  redis.call('HSET', key, 'virtual', whole(math.max(number(key, 'virtual'), start)),
    'tag:' .. flow, whole(start + amount))
end

local granted = {}
while #granted < limit do
  local chosen = next_model()
  if not chosen then break end
  local model, class, oven = chosen.model, chosen.class, chosen.class.oven
  local where = model .. ':' .. class.tier
  local first = redis.call('ZRANGE', P .. 'line:' .. where, 0, 0, 'WITHSCORES')
  local r = load(string.sub(first[1], 30))
  local tag = tonumber(first[2])

  redis.call('ZREM', P .. 'line:' .. where, first[1])
  redis.call('ZREM', own(r), first[1])
  waits(r, -1)
  local virtual = math.max(number(P .. 'class:' .. where, 'virtual'), tag)
  redis.call('HSET', P .. 'class:' .. where, 'virtual', whole(virtual))
  redis.call('ZREMRANGEBYSCORE', P .. 'ends:' .. where, '-inf', whole(virtual))
  charge(P .. 'shares', model, chosen.start, r.work * SCALE)
  charge(P .. 'shares:' .. model, class.tier, class.start, math.floor(r.work * SCALE / class.weight))

  redis.call('HINCRBY', P .. 'gen:' .. oven.id, 'leased', r.cost)
  redis.call('HINCRBY', P .. 'gen:' .. oven.id, 'leased_work', r.work)
  oven.free = oven.free - r.cost
  set(r, 'state', 'RUNNING', 'attempts', whole(r.attempts + 1), 'generator', oven.id, 'address', oven.address,
    'freed', '0')
  expires(r, now + lease)
  moved(r)
  granted[#granted + 1] = {r.id, model, class.tier, r.cost, oven.id}

  local left = waiting[model][class.tier] - 1
  waiting[model][class.tier] = left > 0 and left or nil
  if not next(waiting[model]) then waiting[model] = nil end
end
return granted
