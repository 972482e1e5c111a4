-- What an account has left now. Writes nothing.
-- Reads: acct, win.
-- ARGV 2.. : account default_tier, the policy. Reply: tier, verdicts; or a FAULT.

local known = redis.call('HMGET', P .. 'acct:' .. ARGV[2], 'tier', 'live')
if not known[1] then return fail('NOT_FOUND', 'account_id') end
local all = tiers(4)
local tier = all[known[1]] or all[ARGV[3]]
local verdicts = {}
for i, window in ipairs(tier.windows) do
  local at = window_now(ARGV[2], window)
  verdicts[i] = verdict(window.name, window.limit, at.used, at.held, at.reset, false)
end
verdicts[#verdicts + 1] = verdict('live', tier.live, 0, tonumber(known[2] or '0'), nil, false)
return {tier.name, verdicts}
