-- Put before the scripts of appeals, exemplars and policies.
--
-- Every key of the taster, under the prefix KEYS[1] = "{moderator}:" (one hash tag, so that every script stays in one
-- slot of a cluster; names are completed in here):
--
--   decision:<id>              hash    a refusal without prompt and words (record.lua)
--   decisions                  stream  of refusals (record.lua)
--   appeal:<id>                hash    the fields of `Appeal`; lives `appeal_days`
--   appeals                    zset    id -> ms when it was filed, all of the last `appeal_days`
--   appeals:<state>            zset    the same of one state: open, granted, denied
--   appeals:of:<account>       zset    the same of one account
--   appeals:open:of:<account>  zset    the same of one account's open ones
--   appeals:day:<account>:<n>  string  appeals that account filed on day n
--   credits                    zset    id -> ms from which on the desk is to be told of a granted appeal's credit
--   exemplars:<kind>           hash    id -> JSON of an exemplar; kind is allow or block
--   exemplars:of               hash    account -> exemplars that come from its appeals
--   policies                   hash    state (JSON of `PolicyState`), revision
--   compared:<live>:<other>    hash    "<category>|<category>" -> prompts that the two policies judged so
--   compared_pictures:<live>:<other>   the same of pictures
--   changes                    stream  kind id: exemplars and policies that changed, for every replica to hear
--   audit                      stream  time (ms) action subject detail reason, as long and as old as the rules say
--
-- ARGV[1] time in ms, ARGV[2] entries and ARGV[3] ms that the audit log keeps.

local P = KEYS[1]
local now = tonumber(ARGV[1])

local function audit(action, subject, detail, reason)
  redis.call('XADD', P .. 'audit', 'MAXLEN', '~', ARGV[2], '*', 'time', ARGV[1], 'action', action, 'subject', subject,
    'detail', detail, 'reason', reason)
  redis.call('XTRIM', P .. 'audit', 'MINID', '~', string.format('%.0f', math.max(0, now - tonumber(ARGV[3]))))
end

local function tell(kind, id)
  redis.call('XADD', P .. 'changes', 'MAXLEN', '~', 10000, '*', 'kind', kind, 'id', id)
end

-- Keeps an exemplar if there is room, "" or else the name of the list that is full.
local function keep_exemplar(kind, id, json, most, account, most_of_account)
  if redis.call('HLEN', P .. 'exemplars:' .. kind) >= tonumber(most) then return 'exemplars_' .. kind end
  if account ~= '' then
    local held = tonumber(redis.call('HGET', P .. 'exemplars:of', account) or '0')
    if held >= tonumber(most_of_account) then return 'exemplars_account' end
    redis.call('HINCRBY', P .. 'exemplars:of', account, 1)
  end
  redis.call('HSET', P .. 'exemplars:' .. kind, id, json)
  tell('exemplar', id)
  return ''
end
