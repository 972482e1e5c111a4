-- Holds pictures against every limit at once, or changes nothing: of each of several asks, in order, as if alone.
-- Reads and writes: res, req, acct, win, burst, class (held), expiry, books, lines. Reads: line.
-- ARGV 2.. : keep_request_ms default_tier zone tiers, the policy (name and text of each tier), then of each ask: id account
--   cost work model ttl_ms request_id body_hash mode, tier above (as `tier_of` takes them), waits (" name=ms name=ms ",
--   what a ticket of each tier would wait). The mode is ""; "trial": tell, and change nothing; "owed": it was granted while
--   the store was away, so it is held whatever the limits say. `zone` is what the caller takes for the accounts' own.
-- Reply, of each: outcome ("granted", "repeated", "refused", "trial"), reservation or {}, verdicts; or "ZONE" and the right
--   one, if the caller was wrong; or a FAULT.

local FIELDS = 12
local keep_request, default_tier, zone = ARGV[2], ARGV[3], ARGV[4]
local policy_end = 5 + 2 * tonumber(ARGV[5])

local function decide(at)
  local id, account, cost, work, model = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
  local ttl, request, body = tonumber(ARGV[at + 5]), ARGV[at + 6], ARGV[at + 7]
  local trial, owed = ARGV[at + 8] == 'trial', ARGV[at + 8] == 'owed'
  local request_key = P .. 'req:' .. account .. ':' .. request

  local known = redis.call('HMGET', P .. 'acct:' .. account, 'tier', 'live', 'zone', 'banned')
  if not known[1] then return fail('NOT_FOUND', 'account_id') end
  if (known[3] or '') ~= zone then return {'ZONE', known[3] or ''} end
  local tier = tier_of(known[1], default_tier, 6, policy_end, ARGV[at + 9], ARGV[at + 10])
  local where = model .. ':' .. tier.name

  local earlier = load(id)
  if earlier then
    if earlier.account ~= account or earlier.cost ~= cost or earlier.work ~= work or earlier.model ~= model then
      return fail('REQUEST_ID_REUSED', 'id')
    end
  elseif request ~= '' and not owed then
    -- "<26 characters of id> <body hash>"
    local seen = redis.call('GET', request_key)
    if seen then
      if string.sub(seen, 28) ~= body then return fail('REQUEST_ID_REUSED', 'request_id') end
      earlier = load(string.sub(seen, 1, 26))
    end
  end
  if not earlier and known[4] and not owed then return fail('ACCOUNT_BANNED', known[4]) end

  local verdicts, windows, refused = {}, {}, false
  local function judge(name, at, take, unit, shadow)
    local binding = not earlier and at.used + at.held + take > at.limit
    refused = refused or (binding and not shadow)
    verdicts[#verdicts + 1] = verdict(name, at, binding, unit, shadow)
  end
  for i, window in ipairs(tier.windows) do
    local take = amount(window, cost, work)
    local at = window_now(account, window, earlier and 0 or take)
    at.window, at.take = window, take
    windows[i] = at
    judge(window.name, at, take, window.unit, window.shadow)
  end
  judge('live', {limit = tier.live, used = 0, held = tonumber(known[2] or '0')}, 1, 'jobs')
  local waiting = redis.call('ZCARD', P .. 'line:' .. where) + number(P .. 'class:' .. where, 'held')
  judge('line', {limit = tier.line, used = 0, held = waiting}, 1, 'jobs')
  local expected = tier.wait and tonumber(string.match(ARGV[at + 11], ' ' .. tier.name .. '=(%d+) '))
  if expected then
    judge('wait', {limit = math.floor(tier.wait / 1000), used = 0, held = math.ceil(expected / 1000),
      reset = expected > tier.wait and now + expected - tier.wait or nil}, 0, 'seconds')
  end

  if earlier then return {'repeated', show(earlier), verdicts} end
  if refused and not owed then return {'refused', {}, verdicts} end
  if trial then return {'trial', {}, verdicts} end

  local labels = {}
  for _, at in ipairs(windows) do
    if at.after then
      redis.call('SET', at.key, whole(at.after), 'PX', whole(at.after - now + 1000))
    else
      labels[#labels + 1] = at.label .. ':' .. whole(at.take)
      redis.call('HINCRBY', at.key, 'held', at.take)
      -- Three days past its end nothing live is charged to it any more.
      redis.call('PEXPIRE', at.key, whole(at.window.period * 2 + 259200000))
    end
  end
  redis.call('HINCRBY', P .. 'acct:' .. account, 'live', 1)
  redis.call('HINCRBY', P .. 'class:' .. where, 'held', 1)
  redis.call('SADD', P .. 'lines', model .. ' ' .. tier.name)
  book('issued', 1, cost)
  book('live', 1, cost)
  if request ~= '' and not (owed and redis.call('EXISTS', request_key) == 1) then
    redis.call('SET', request_key, id .. ' ' .. body, 'PX', keep_request)
  end
  redis.call('HSET', P .. 'res:' .. id, 'account', account, 'tier', tier.name, 'model', model, 'cost', cost,
    'work', whole(work), 'state', 'HELD', 'windows', table.concat(labels, ' '), 'attempts', 0, 'expire', 0)
  local made = load(id)
  expires(made, now + ttl)
  return {'granted', show(made), verdicts}
end

local decided = {}
for at = policy_end + 1, #ARGV, FIELDS do decided[#decided + 1] = decide(at) end
return decided
