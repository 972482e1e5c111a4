-- Ends a key. Again is nothing.
-- Reads: keyid. Reads and writes: key, audit.
-- ARGV 2.. : key_id reason. Reply: "OK" or a FAULT.

local digest = redis.call('GET', P .. 'keyid:' .. ARGV[2])
if not digest then return fail('NOT_FOUND', 'key_id') end
local key = P .. 'key:' .. digest
if redis.call('HGET', key, 'revoked') ~= '1' then
  redis.call('HSET', key, 'revoked', '1')
  audit('revoke_key', ARGV[2], 'account ' .. redis.call('HGET', key, 'account'), ARGV[3])
end
return 'OK'
