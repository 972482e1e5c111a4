-- Put before scripts that look at limits, after desk.lua. `limits.py` holds the same arithmetic.
-- The policy travels as arguments. Each tier: name live line wait_ms ("" for none) expected_ms ("" for unknown)
-- windows, then each of its windows: name kind limit period_ms unit shadow("1"); a window of kind "day" also the ms at
-- which yesterday, today, tomorrow and the day after begin in the account's time zone, and yesterday's number.

local PARTS = 12

-- The tiers that start at ARGV[at], by name.
local function tiers(at)
  local found = {}
  while ARGV[at] do
    local tier = {name = ARGV[at], live = tonumber(ARGV[at + 1]), line = tonumber(ARGV[at + 2]),
      wait = tonumber(ARGV[at + 3]), expected = tonumber(ARGV[at + 4]), windows = {}}
    local count = tonumber(ARGV[at + 5])
    at = at + 6
    for i = 1, count do
      local window = {name = ARGV[at], kind = ARGV[at + 1], limit = tonumber(ARGV[at + 2]),
        period = tonumber(ARGV[at + 3]), unit = ARGV[at + 4], shadow = ARGV[at + 5] == '1'}
      at = at + 6
      if window.kind == 'day' then
        window.cuts = {tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])}
        window.first = tonumber(ARGV[at + 4])
        at = at + 5
      end
      tier.windows[i] = window
    end
    found[tier.name] = tier
  end
  return found
end

-- The tier that an account of tier `own` is judged by: `asked`, if its own is among those `above` it (" name  name ").
local function judged_by(all, own, asked, above)
  if all[asked] and string.find(above, ' ' .. own.name .. ' ', 1, true) then return all[asked] end
  return own
end

local function counted(key)
  local row = redis.call('HMGET', key, 'used', 'held', 'bonus')
  return tonumber(row[1] or '0'), tonumber(row[2] or '0'), tonumber(row[3] or '0')
end

local function amount(window, cost, work)
  if window.unit == 'pictures' then return cost end
  return window.unit == 'work' and work or 1
end

-- Where a window stands for an account, before `take` more: key, label (its counter in a reservation), limit, used,
-- held, and when it has room again in ms or nil. Of a burst `after` is its arrival time after one more job.
local function window_now(account, window, take)
  local root = P .. 'win:' .. account .. ':'
  if window.kind == 'burst' then
    local key = P .. 'burst:' .. account .. ':' .. window.name
    local interval = math.floor(window.period / window.limit)
    local start = math.max(tonumber(redis.call('GET', key) or '0'), now)
    local used = math.ceil((start - now) / interval)
    local reset = used >= window.limit and start - (window.limit - 1) * interval or nil
    return {key = key, limit = window.limit, used = used, held = 0, reset = reset, after = start + interval}
  end
  local width = window.kind == 'rolling' and window.period / PARTS or window.period
  local n, reset = math.floor(now / width), nil
  if window.kind == 'day' then
    local day = 1
    while day < 3 and now >= window.cuts[day + 1] do day = day + 1 end
    n, reset = window.first + day - 1, window.cuts[day + 1]
  end
  local label = window.name .. ':' .. whole(n)
  local used, held, bonus = counted(root .. label)
  local limit = window.limit + bonus
  if window.kind ~= 'rolling' then
    return {key = root .. label, label = label, limit = limit, used = used, held = held,
      reset = reset or (n + 1) * width}
  end
  local parts = {{n, used + held}}
  for back = 1, PARTS do
    local u, h = counted(root .. window.name .. ':' .. whole(n - back))
    used, held = used + u, held + h
    parts[back + 1] = {n - back, u + h}
  end
  local excess, freed, room = math.max(1, used + held + take - limit), 0, nil
  for i = PARTS + 1, 1, -1 do
    freed = freed + parts[i][2]
    if freed >= excess then
      room = (parts[i][1] + PARTS + 1) * width
      break
    end
  end
  return {key = root .. label, label = label, limit = limit, used = used, held = held, reset = room}
end

-- One verdict as text; `reset` may be nil.
local function verdict(name, at, binding, unit, shadow)
  return {name, whole(at.limit), whole(at.used), whole(at.held), at.reset and whole(at.reset) or '',
    binding and '1' or '0', unit, shadow and '1' or '0'}
end
