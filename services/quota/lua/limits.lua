-- Put before scripts that look at limits, after desk.lua. `limits.py` holds the same arithmetic.
-- The policy travels as arguments, two a tier: its name; JSON (policy_text.py) of live, line, wait (ms) and windows, each of
-- these with name kind limit period (ms) unit shadow, one of kind "day" also with the cuts, the ms at which yesterday,
-- today, tomorrow and the day after begin in the account's time zone, and first, yesterday's number. An account's tier
-- that is no more is the default one.

local PARTS = 12

-- The tier that an account of tier `name` is judged by, among those from ARGV[first] to ARGV[last]: `asked`, if its own is
-- among those `above` that (" name  name "), else its own.
local decoded = {}
local function tier_of(name, default, first, last, asked, above)
  local own, fallback, wanted
  for i = first, last, 2 do
    if ARGV[i] == name then own = i end
    if ARGV[i] == default then fallback = i end
    if ARGV[i] == asked then wanted = i end
  end
  local found = own or fallback
  if wanted and string.find(above, ' ' .. ARGV[found] .. ' ', 1, true) then found = wanted end
  if not decoded[found] then
    decoded[found] = cjson.decode(ARGV[found + 1])
    decoded[found].name = ARGV[found]
  end
  return decoded[found]
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

-- One verdict; `reset` may be nil. Numbers travel as numbers: text costs more on both sides.
local function verdict(name, at, binding, unit, shadow)
  return {name, at.limit, at.used, at.held, at.reset and math.floor(at.reset + 0.5) or '', binding and 1 or 0, unit,
    shadow and 1 or 0}
end
