-- Stores a key by its digest, and its account if new; an old account takes the tier given.
-- Writes: key, keyid, acct, audit.
-- ARGV 2.. : digest key_id account tier reason. Reply: "OK".

redis.call('HSET', P .. 'key:' .. ARGV[2], 'account', ARGV[4], 'id', ARGV[3], 'revoked', '0')
redis.call('SET', P .. 'keyid:' .. ARGV[3], ARGV[2])
redis.call('HSETNX', P .. 'acct:' .. ARGV[4], 'since', whole(now))
redis.call('HSET', P .. 'acct:' .. ARGV[4], 'tier', ARGV[5])
redis.call('XADD', P .. 'audit', 'MAXLEN', '~', 100000, '*', 'at', whole(now), 'action', 'create_key',
  'key_id', ARGV[3], 'account', ARGV[4], 'tier', ARGV[5], 'reason', ARGV[6])
return 'OK'
