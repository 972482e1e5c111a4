-- Grants or denies an open appeal; with a grant its exemplar enters the book, and its credit is due, in the same moment.
-- ARGV 4.. : id, state ("granted" or "denied"), notice, reason, detail for the audit log, "1" to forget the prompt,
-- "1" when a credit is due, exemplar id ("" for none), its JSON, exemplars at most, of an account at most.
-- Reply: {"DONE"}, {"NONE"}, {"STATE", state} or {"FULL", list, most}.

local id, state = ARGV[4], ARGV[5]
local key = P .. 'appeal:' .. id
local held = redis.call('HMGET', key, 'state', 'account_id')
if not held[1] then return {'NONE'} end
if held[1] ~= 'open' then return {'STATE', held[1]} end
if ARGV[11] ~= '' then
  local full = keep_exemplar('allow', ARGV[11], ARGV[12], ARGV[13], held[2], ARGV[14])
  if full ~= '' then return {'FULL', full, full == 'exemplars_account' and ARGV[14] or ARGV[13]} end
end
redis.call('HSET', key, 'state', state, 'decided', ARGV[1], 'notice', ARGV[6], 'exemplar_id', ARGV[11],
  'credit', ARGV[10] == '1' and 'due' or '')
if ARGV[9] == '1' then redis.call('HDEL', key, 'prompt') end
local filed = redis.call('ZSCORE', P .. 'appeals', id) or ARGV[1]
redis.call('ZREM', P .. 'appeals:open', id)
redis.call('ZREM', P .. 'appeals:open:of:' .. held[2], id)
redis.call('ZADD', P .. 'appeals:' .. state, filed, id)
if ARGV[10] == '1' then redis.call('ZADD', P .. 'credits', ARGV[1], id) end
audit(state == 'granted' and 'grant_appeal' or 'deny_appeal', id, ARGV[8], ARGV[7])
return {'DONE'}
