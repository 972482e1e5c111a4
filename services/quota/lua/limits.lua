-- Put before scripts that look at limits, after desk.lua. `limits.py` holds the same arithmetic.
-- The policy travels as arguments: name live line windows of each tier, then of each of its windows
-- name limit period_ms offset_ms.

-- The tiers that start at ARGV[at], by name.
local function tiers(at)
  local found = {}
  while ARGV[at] do
    local tier = {name = ARGV[at], live = tonumber(ARGV[at + 1]), line = tonumber(ARGV[at + 2]), windows = {}}
    local count = tonumber(ARGV[at + 3])
    at = at + 4
    for i = 1, count do
      tier.windows[i] = {name = ARGV[at], limit = tonumber(ARGV[at + 1]), period = tonumber(ARGV[at + 2]),
        offset = tonumber(ARGV[at + 3])}
      at = at + 4
    end
    found[tier.name] = tier
  end
  return found
end

-- Where a window stands for an account: its key, its label in a reservation, used, held and its end in ms.
local function window_now(account, window)
  local n = math.floor((now + window.offset) / window.period)
  local label = window.name .. ':' .. whole(n)
  local key = P .. 'win:' .. account .. ':' .. label
  local counted = redis.call('HMGET', key, 'used', 'held')
  return {key = key, label = label, used = tonumber(counted[1] or '0'), held = tonumber(counted[2] or '0'),
    reset = (n + 1) * window.period - window.offset}
end

-- One verdict as text; `reset` may be nil.
local function verdict(name, limit, used, held, reset, binding)
  return {name, whole(limit), whole(used), whole(held), reset and whole(reset) or '', binding and '1' or '0'}
end
