-- Files an appeal, once a decision.
-- ARGV 4.. : id, account, ms to keep, open appeals an account, appeals an account and day, open appeals in all, day,
-- detail for the audit log, then field, value, ... of the record.
-- Reply: {"FILED"}, {"THERE"} or {"FULL", list, most}.

local id, account, keep = ARGV[4], ARGV[5], tonumber(ARGV[6])
if redis.call('EXISTS', P .. 'appeal:' .. id) == 1 then return {'THERE'} end
local mine, open_of = P .. 'appeals:of:' .. account, P .. 'appeals:open:of:' .. account
local past = string.format('%.0f', now - keep)
for _, key in ipairs({P .. 'appeals', P .. 'appeals:open', P .. 'appeals:granted', P .. 'appeals:denied', mine, open_of}) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', past)
end
if redis.call('ZCARD', open_of) >= tonumber(ARGV[7]) then return {'FULL', 'appeals_open', ARGV[7]} end
local day = P .. 'appeals:day:' .. account .. ':' .. ARGV[10]
if tonumber(redis.call('GET', day) or '0') >= tonumber(ARGV[8]) then return {'FULL', 'appeals_filed', ARGV[8]} end
if redis.call('ZCARD', P .. 'appeals:open') >= tonumber(ARGV[9]) then return {'FULL', 'appeals_total', ARGV[9]} end
redis.call('INCR', day)
redis.call('EXPIRE', day, 172800)
local fields = {}
for i = 12, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('HSET', P .. 'appeal:' .. id, unpack(fields))
redis.call('PEXPIRE', P .. 'appeal:' .. id, ARGV[6])
for _, key in ipairs({P .. 'appeals', P .. 'appeals:open', mine, open_of}) do
  redis.call('ZADD', key, ARGV[1], id)
end
redis.call('PEXPIRE', mine, ARGV[6])
redis.call('PEXPIRE', open_of, ARGV[6])
audit('file_appeal', id, ARGV[11], '')
return {'FILED'}
