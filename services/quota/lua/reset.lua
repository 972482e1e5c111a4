-- Forgets what was committed in the present stretches of every window; what is held stays.
-- Reads and writes: win (used), burst, audit. Reads: acct.
-- ARGV 2.. : account reason default_tier zone, the policy. Reply: "OK"; "ZONE"; or a FAULT.

local account = ARGV[2]
local known = redis.call('HMGET', P .. 'acct:' .. account, 'tier', 'zone')
if not known[1] then return fail('NOT_FOUND', 'account_id') end
if (known[2] or '') ~= ARGV[5] then return {'ZONE', known[2] or ''} end
for _, window in ipairs(tier_of(known[1], ARGV[4], 6, #ARGV).windows) do
  local at = window_now(account, window, 0)
  if window.kind == 'burst' then
    redis.call('DEL', at.key)
  else
    local n = tonumber(string.match(at.label, '(-?%d+)$'))
    for back = 0, window.kind == 'rolling' and PARTS or 0 do
      local key = P .. 'win:' .. account .. ':' .. window.name .. ':' .. whole(n - back)
      if redis.call('HEXISTS', key, 'used') == 1 then redis.call('HSET', key, 'used', '0') end
    end
  end
end
audit('reset', account, '', ARGV[3])
return 'OK'
