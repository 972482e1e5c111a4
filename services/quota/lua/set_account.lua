-- Sets fields of an account: tier, zone, banned ("" lifts a ban).
-- Reads and writes: acct, audit.
-- ARGV 2.. : account reason, then field value pairs. Reply: "OK" or a FAULT.

local key = P .. 'acct:' .. ARGV[2]
if redis.call('EXISTS', key) == 0 then return fail('NOT_FOUND', 'account_id') end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', key, ARGV[i])
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
  audit('set_' .. ARGV[i], ARGV[2], ARGV[i + 1], ARGV[3])
end
return 'OK'
