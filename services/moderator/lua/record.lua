-- Records a refusal, once.
--
-- KEYS[1] {moderator}:decision:ID  hash: the refusal without prompt and words; lives ARGV[1] seconds
-- KEYS[2] {moderator}:decisions    stream of refusals for audit, about ARGV[2] entries long
-- ARGV: seconds to keep, entries to keep, decision id, then field, value, ... of the record
-- Returns until when it is kept: of this record, or of the one that was there (it is left as it is; '' where it does not
-- say, being older than the field).
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.call('HGET', KEYS[1], 'expire_time') or ''
end
local fields = {}
for i = 4, #ARGV do
  fields[#fields + 1] = ARGV[i]
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'decision', ARGV[3], unpack(fields))
return redis.call('HGET', KEYS[1], 'expire_time')
