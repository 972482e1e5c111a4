-- Stores a key by its digest, and its account if new; an old account takes the tier given.
-- Writes: key, keyid, keys, acct, audit.
-- ARGV 2.. : digest key_id account tier expires_ms ("" for never) scopes reason. Reply: "OK".

local digest, id, account, tier = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
redis.call('HSET', P .. 'key:' .. digest, 'account', account, 'id', id, 'revoked', '0', 'expires', ARGV[6],
  'scopes', ARGV[7])
redis.call('SET', P .. 'keyid:' .. id, digest)
redis.call('RPUSH', P .. 'keys:' .. account, digest)
redis.call('HSETNX', P .. 'acct:' .. account, 'since', whole(now))
redis.call('HSET', P .. 'acct:' .. account, 'tier', tier)
audit('create_key', id, 'account ' .. account .. ', tier ' .. tier, ARGV[8])
return 'OK'
