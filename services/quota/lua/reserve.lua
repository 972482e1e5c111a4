-- Holds pictures against every limit at once, or changes nothing.
-- Reads and writes: res, req, acct, win, class (held), expiry, books, lines. Reads: line.
-- ARGV 2.. : id account cost model ttl_ms request_id body_hash trial("1") keep_request_ms default_tier, the policy.
-- Reply: outcome ("granted", "repeated", "refused", "trial"), reservation or {}, verdicts; or a FAULT.

local id, account, cost, model = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local ttl, request, body, trial = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9] == '1'
local request_key = P .. 'req:' .. account .. ':' .. request

local known = redis.call('HMGET', P .. 'acct:' .. account, 'tier', 'live')
if not known[1] then return fail('NOT_FOUND', 'account_id') end
local all = tiers(12)
local tier = all[known[1]] or all[ARGV[11]]
local where = model .. ':' .. tier.name

local earlier = load(id)
if earlier then
  if earlier.account ~= account or earlier.cost ~= cost or earlier.model ~= model then
    return fail('REQUEST_ID_REUSED', 'id')
  end
elseif request ~= '' then
  -- "<26 characters of id> <body hash>"
  local seen = redis.call('GET', request_key)
  if seen then
    if string.sub(seen, 28) ~= body then return fail('REQUEST_ID_REUSED', 'request_id') end
    earlier = load(string.sub(seen, 1, 26))
  end
end

local verdicts, windows, refused = {}, {}, false
local function judge(name, limit, used, held, reset, unit)
  local binding = not earlier and used + held + unit > limit
  refused = refused or binding
  verdicts[#verdicts + 1] = verdict(name, limit, used, held, reset, binding)
end
for i, window in ipairs(tier.windows) do
  local at = window_now(account, window)
  windows[i] = at
  judge(window.name, window.limit, at.used, at.held, at.reset, cost)
end
judge('live', tier.live, 0, tonumber(known[2] or '0'), nil, 1)
judge('line', tier.line, 0, redis.call('ZCARD', P .. 'line:' .. where) + number(P .. 'class:' .. where, 'held'), nil, 1)

if earlier then return {'repeated', show(earlier), verdicts} end
if refused then return {'refused', {}, verdicts} end
if trial then return {'trial', {}, verdicts} end

local labels = {}
for i, window in ipairs(windows) do
  labels[i] = window.label
  redis.call('HINCRBY', window.key, 'held', cost)
  -- Three days past its end nothing live is charged to it any more.
  redis.call('PEXPIRE', window.key, whole(window.reset - now + 259200000))
end
redis.call('HINCRBY', P .. 'acct:' .. account, 'live', 1)
redis.call('HINCRBY', P .. 'class:' .. where, 'held', 1)
redis.call('SADD', P .. 'lines', model .. ' ' .. tier.name)
book('issued', 1, cost)
book('live', 1, cost)
if request ~= '' then redis.call('SET', request_key, id .. ' ' .. body, 'PX', ARGV[10]) end
redis.call('HSET', P .. 'res:' .. id, 'account', account, 'tier', tier.name, 'model', model, 'cost', cost,
  'state', 'HELD', 'windows', table.concat(labels, ' '), 'attempts', 0, 'expire', 0)
local made = load(id)
expires(made, now + ttl)
return {'granted', show(made), verdicts}
