-- Makes a job durable, once, and leases it to the edge that calls.
--
-- KEYS[1] {edge}:job:ID      hash: the record. "doc" never changes; "state" and the rest follow the walk
-- KEYS[2] {edge}:of:ACCOUNT  sorted set of the account's job ids; scores are 0, ids sort by time
-- KEYS[3] {edge}:work        stream of unfinished jobs; the pending list of group "edges" is the lease table:
--                            consumer = the edge that walks the job, idle time = age of its lease
-- KEYS[4] {edge}:call:CALL   list of the last jobs that one caller asked for in the same words (see claim.lua)
-- KEYS[5] {edge}:held        sorted set of jobs that live as long as somebody holds a call open for them; scores are
--                            milliseconds of the store's clock: when they are given up
-- ARGV: id, consumer, doc, most jobs remembered an account, call ("" where nobody holds one), milliseconds until it is
--       given up, most jobs of a call, seconds a call is remembered, "1" when its caller tried before and its earlier
--       attempt was not found
-- Returns 1 when this call made the record, 0 when it was there (the lease is left as it is).
if redis.call('HSETNX', KEYS[1], 'doc', ARGV[3]) == 0 then
  return 0
end
local entry = redis.call('XADD', KEYS[3], '*', 'job', ARGV[1])
redis.call('XCLAIM', KEYS[3], 'edges', ARGV[2], 0, entry, 'FORCE', 'JUSTID')
redis.call('HSET', KEYS[1], 'state', 'held', 'work', entry)
redis.call('ZADD', KEYS[2], 0, ARGV[1])
local many = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if many > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, many - 1)
end
if ARGV[5] ~= '' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[5], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[6], ARGV[1])
  redis.call('RPUSH', KEYS[4], ARGV[1])
  redis.call('LTRIM', KEYS[4], -tonumber(ARGV[7]), -1)
  redis.call('EXPIRE', KEYS[4], ARGV[8])
  redis.call('HSET', KEYS[1], 'call', ARGV[5])
  if ARGV[9] == '1' then
    redis.call('HSET', KEYS[1], 'again', '1')
  end
end
return 1
