-- Adds to what a window allows in its present stretch. For windows of fixed stretches and days.
-- Reads and writes: win (bonus), credit, audit. Reads: acct.
-- ARGV 2.. : account policy amount reason default_tier request ("" for none) seconds to know it for, zone, the policy.
-- Reply: a verdict; "ZONE"; or a FAULT.

local account, name = ARGV[2], ARGV[3]
local known = redis.call('HMGET', P .. 'acct:' .. account, 'tier', 'zone')
if not known[1] then return fail('NOT_FOUND', 'account_id') end
if (known[2] or '') ~= ARGV[9] then return {'ZONE', known[2] or ''} end
for _, window in ipairs(tier_of(known[1], ARGV[6], 10, #ARGV).windows) do
  if window.name == name and (window.kind == 'fixed' or window.kind == 'day') then
    local told = P .. 'credit:' .. account .. ':' .. ARGV[7]
    if ARGV[7] == '' or redis.call('SET', told, '1', 'NX', 'EX', ARGV[8]) then
      local at = window_now(account, window, 0)
      redis.call('HINCRBY', at.key, 'bonus', ARGV[4])
      redis.call('PEXPIRE', at.key, whole(window.period * 2 + 259200000))
      audit('credit', account, ARGV[4] .. ' ' .. window.unit .. ' of ' .. name, ARGV[5])
    end
    return verdict(name, window_now(account, window, 0), false, window.unit, window.shadow)
  end
end
return fail('NOT_FOUND', 'policy')
