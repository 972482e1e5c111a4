-- What an account has left now. Writes nothing.
-- Reads: acct, win, burst.
-- ARGV 2.. : account, tier above (as `judged_by` takes them), default_tier zone, the policy. Reply: tier, verdicts; or "ZONE" as in reserve.lua; or a FAULT.

local known = redis.call('HMGET', P .. 'acct:' .. ARGV[2], 'tier', 'live', 'zone')
if not known[1] then return fail('NOT_FOUND', 'account_id') end
if (known[3] or '') ~= ARGV[6] then return {'ZONE', known[3] or ''} end
local tier = tier_of(known[1], ARGV[5], 7, #ARGV, ARGV[3], ARGV[4])
local verdicts = {}
for i, window in ipairs(tier.windows) do
  verdicts[i] = verdict(window.name, window_now(ARGV[2], window, 0), false, window.unit, window.shadow)
end
local live_jobs = {limit = tier.live, used = 0, held = tonumber(known[2] or '0')}
verdicts[#verdicts + 1] = verdict('live', live_jobs, false, 'jobs')
return {tier.name, verdicts}
