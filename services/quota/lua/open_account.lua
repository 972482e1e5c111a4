-- An account; made if it is new and a tier is given.
-- Reads and writes: acct, audit.
-- ARGV 2.. : account tier ("" makes none) reason. Reply: tier, zone or "", banned or ""; or a FAULT.

local key = P .. 'acct:' .. ARGV[2]
if redis.call('EXISTS', key) == 0 then
  if ARGV[3] == '' then return fail('NOT_FOUND', 'account_id') end
  redis.call('HSET', key, 'tier', ARGV[3], 'since', whole(now))
  audit('open_account', ARGV[2], 'tier ' .. ARGV[3], ARGV[4])
end
local known = redis.call('HMGET', key, 'tier', 'zone', 'banned')
return {known[1], known[2] or '', known[3] or ''}
