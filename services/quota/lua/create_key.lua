-- Stores a key by its digest, and its account if new; an old account takes the tier, if one is given. Again is nothing.
-- Reads and writes: acct. Writes: key, keyid, keys, audit.
-- ARGV 2.. : digest key_id account tier ("" for the account's own) expires_ms ("" for never) scopes reason.
-- Reply: "OK"; or a FAULT.

local digest, id, account, tier = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if redis.call('EXISTS', P .. 'key:' .. digest) == 1 then return 'OK' end
if tier == '' then
  tier = redis.call('HGET', P .. 'acct:' .. account, 'tier')
  if not tier then return fail('NOT_FOUND', 'account_id') end
end
redis.call('HSET', P .. 'key:' .. digest, 'account', account, 'id', id, 'revoked', '0', 'expires', ARGV[6],
  'scopes', ARGV[7])
redis.call('SET', P .. 'keyid:' .. id, digest)
redis.call('RPUSH', P .. 'keys:' .. account, digest)
redis.call('HSETNX', P .. 'acct:' .. account, 'since', whole(now))
redis.call('HSET', P .. 'acct:' .. account, 'tier', tier)
audit('create_key', id, 'account ' .. account .. ', tier ' .. tier, ARGV[8])
return 'OK'
