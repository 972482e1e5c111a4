-- Who holds a key. Writes nothing.
-- Reads: key, acct.
-- ARGV 2.. : digest. Reply: account, tier, key id, revoked; or {}.

local key = redis.call('HMGET', P .. 'key:' .. ARGV[2], 'account', 'id', 'revoked')
if not key[1] then return {} end
return {key[1], redis.call('HGET', P .. 'acct:' .. key[1], 'tier'), key[2], key[3]}
