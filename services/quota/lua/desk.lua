-- Shared by every script of the desk: this text is put before theirs.
--
-- Every key of the desk, under the prefix KEYS[1] = "{fournil}:desk:" (one hash tag, so that every script stays in
-- one slot of a cluster; names are completed in here because a script learns only from one key which others it
-- needs):
--
--   res:<id>                     hash    a reservation: account tier model cost (pictures) work (thousandths of a
--                                        default picture) state expire (ms) charged reason attempts generator address
--                                        untried (turns that were refused by their oven); late ("1" when it was committed without a turn); windows
--                                        ("<policy>:<n>:<amount> ...", those charged); arrival, tag (place in line
--                                        when it joined); freed ("1" once its turn's slots are free). Expires
--                                        `keep_final` after its end.
--   expiry                       zset    id -> ms at which its time runs out, of every live reservation
--   acct:<account>               hash    tier; live (jobs); since; zone (time zone, if it has one of its own); banned
--                                        (why, if it is)
--   win:<account>:<policy>:<n>   hash    used, held (in the limit's unit) in the n-th counter of that window; bonus (what
--                                        an operator gave on top)
--   burst:<account>:<policy>     string  theoretical arrival time in ms
--   req:<account>:<request id>   string  "<id> <body hash>" of the reservation that request id got
--   books                        hash    the counters of `Books` (store.py)
--   arrival                      string  tickets that ever joined a line
--   lines                        set     "<model> <tier>" of every class that was ever waited in
--   line:<model>:<tier>          zset    "<arrival, 16 digits>:<cost, 2 digits>:<work, 8
--                                        digits>:<id>" -> tag; place = rank
--   own:<model>:<tier>:<account> zset    the same of one account's tickets
--   class:<model>:<tier>         hash    virtual; cost, work (waiting); held (reservations not yet waiting);
--                                        returned (turns that came back); joined (work that ever joined)
--   ends:<model>:<tier>          zset    account -> end of its last ticket in virtual time, while above `virtual`
--   shares:<model>               hash    virtual; tag:<tier>: fair queueing between the classes of a model
--   shares                       hash    virtual; tag:<model>: fair queueing between models on one generator
--   gens                         zset    generator id -> ms of its last heartbeat
--   gen:<generator id>           hash    address models slots picture_us; leased (pictures of its turns);
--                                        leased_work; suspect ("1" from a returned turn to the next heartbeat)
--   replicas                     zset    replica of the desk -> ms at which it was last heard of
--   addr:<address>               string  id of the generator that reports from there
--   moves                        stream  id: tickets that got or lost a turn or ended, the last few thousand
--   key:<digest>                 hash    account id revoked expires (ms or "") scopes: an API key by its keyed hash
--   keyid:<key id>               string  its digest
--   keys:<account>               list    digests of its keys
--   credit:<account>:<request>   string  "1": that request has added its credit; for 90 days
--   surge                        hash    state: the surge level, as JSON
--   audit                        stream  time (ms) action subject detail reason: what operators and the surge level
--                                        changed, the last 100,000
--
-- ARGV[1] is the time in ms, or "" for the server's own clock.

local P = KEYS[1]
local SCALE = 1000
local HEAD = 64
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

local function whole(number) return string.format('%.0f', number) end

local function fail(reason, detail) return {'FAULT', reason, detail or ''} end

-- A reservation as a table, or nil. Numbers are numbers.
local function load(id)
  local r = redis.call('HMGET', P .. 'res:' .. id, 'account', 'tier', 'model', 'cost', 'state', 'expire', 'charged',
    'reason', 'attempts', 'generator', 'address', 'windows', 'arrival', 'tag', 'freed', 'work', 'late', 'untried')
  if not r[1] then return nil end
  return {
    id = id, account = r[1], tier = r[2], model = r[3], cost = tonumber(r[4]), state = r[5],
    expire = tonumber(r[6]), charged = tonumber(r[7] or '0'), reason = r[8] or '', attempts = tonumber(r[9] or '0'),
    generator = r[10] or '', address = r[11] or '', windows = r[12] or '', arrival = r[13] or '',
    tag = tonumber(r[14] or '0'), freed = r[15] == '1', where = r[3] .. ':' .. r[2],
    work = tonumber(r[16]), late = r[17] == '1', untried = tonumber(r[18] or '0'),
  }
end

-- What a caller gets of it. All text.
local function show(r)
  return {r.id, r.account, r.tier, r.model, whole(r.cost), r.state, whole(r.expire), whole(r.charged), r.reason,
    whole(r.attempts), r.generator, r.address, whole(r.work), r.late and '1' or '0'}
end

local function live(r) return r.state ~= 'COMMITTED' and r.state ~= 'REFUNDED' end

local function set(r, ...)
  redis.call('HSET', P .. 'res:' .. r.id, ...)
end

local function expires(r, at)
  r.expire = at
  set(r, 'expire', whole(at))
  redis.call('ZADD', P .. 'expiry', whole(at), r.id)
end

local function moved(r)
  redis.call('XADD', P .. 'moves', 'MAXLEN', '~', 4000, '*', 'id', r.id)
end

local function book(name, jobs, pictures)
  redis.call('HINCRBY', P .. 'books', name, jobs)
  redis.call('HINCRBY', P .. 'books', name .. '_pictures', pictures)
end

-- The pictures of its turn leave its generator, once.
local function free(r)
  if r.state == 'RUNNING' and not r.freed then
    r.freed = true
    set(r, 'freed', '1')
    local gen = P .. 'gen:' .. r.generator
    if redis.call('EXISTS', gen) == 1 then
      redis.call('HINCRBY', gen, 'leased', -r.cost)
      redis.call('HINCRBY', gen, 'leased_work', -r.work)
    end
  end
end

local function member(r)
  return string.format('%016d:%02d:%08d:%s', tonumber(r.arrival), r.cost, r.work, r.id)
end

-- Pictures and work join a class's waiting, or leave it.
local function waits(r, sign)
  redis.call('HINCRBY', P .. 'class:' .. r.where, 'cost', sign * r.cost)
  redis.call('HINCRBY', P .. 'class:' .. r.where, 'work', sign * r.work)
end

local function audit(action, subject, detail, reason)
  redis.call('XADD', P .. 'audit', 'MAXLEN', '~', 100000, '*', 'time', whole(now), 'action', action,
    'subject', subject, 'detail', detail, 'reason', reason)
end

-- A key's row; {} if there is none.
local function holder(digest)
  local key = redis.call('HMGET', P .. 'key:' .. digest, 'account', 'id', 'revoked', 'expires', 'scopes')
  if not key[1] then return {} end
  local account = redis.call('HMGET', P .. 'acct:' .. key[1], 'tier', 'banned')
  return {key[1], account[1], key[2], key[3], key[4] or '', key[5] or '', account[2] or ''}
end

local function number(key, field) return tonumber(redis.call('HGET', key, field) or '0') end

local function own(r) return P .. 'own:' .. r.where .. ':' .. r.account end

-- Puts a ticket into its class with a tag. A class that begins to wait starts at its model's virtual time.
local function stand(r, tag)
  local line, shares = P .. 'line:' .. r.where, P .. 'shares:' .. r.model
  if redis.call('EXISTS', line) == 0 then
    local start = math.max(number(shares, 'tag:' .. r.tier), number(shares, 'virtual'))
    redis.call('HSET', shares, 'tag:' .. r.tier, whole(start))
  end
  redis.call('ZADD', line, whole(tag), member(r))
  redis.call('ZADD', own(r), whole(tag), member(r))
  waits(r, 1)
  r.state = 'QUEUED'
  set(r, 'state', 'QUEUED')
end

-- Takes a ticket out of its class. One that never had a turn is not counted: what stands behind it of the same account
-- moves up by as much.
local function leave(r)
  local line, mine, ends = P .. 'line:' .. r.where, own(r), P .. 'ends:' .. r.where
  redis.call('ZREM', line, member(r))
  redis.call('ZREM', mine, member(r))
  waits(r, -1)
  if r.attempts > 0 then return end
  if redis.call('ZSCORE', ends, r.account) then redis.call('ZINCRBY', ends, -r.work, r.account) end
  local behind = redis.call('ZRANGEBYSCORE', mine, '(' .. whole(r.tag), '+inf', 'WITHSCORES')
  for i = 1, #behind, 2 do
    local tag = whole(behind[i + 1] - r.work)
    redis.call('ZADD', line, tag, behind[i])
    redis.call('ZADD', mine, tag, behind[i])
    redis.call('HSET', P .. 'res:' .. string.sub(behind[i], 30), 'tag', tag)
  end
end

-- The end, whichever: pictures go back to the windows they were charged to, `charged` of them as used.
local function finish(r, state, charged, reason, keep_ms)
  free(r)
  if r.state == 'QUEUED' then leave(r) end
  if r.state == 'HELD' then redis.call('HINCRBY', P .. 'class:' .. r.where, 'held', -1) end
  for label, amount in string.gmatch(r.windows, '(%S+):(%d+)') do
    local key = P .. 'win:' .. r.account .. ':' .. label
    -- A window whose day is long over has been dropped; there is nothing to give back to.
    if redis.call('EXISTS', key) == 1 then
      redis.call('HINCRBY', key, 'held', -amount)
      if charged > 0 then redis.call('HINCRBY', key, 'used', math.ceil(amount * charged / r.cost)) end
    end
  end
  redis.call('HINCRBY', P .. 'acct:' .. r.account, 'live', -1)
  book('live', -1, -r.cost)
  if state == 'COMMITTED' then
    book('committed', 1, charged)
    book('refunded', 0, r.cost - charged)
  else
    book(reason == 'EXPIRED' and 'expired' or 'refunded', 1, r.cost)
  end
  r.state, r.charged, r.reason = state, charged, reason
  set(r, 'state', state, 'charged', whole(charged), 'reason', reason)
  redis.call('ZREM', P .. 'expiry', r.id)
  redis.call('PEXPIRE', P .. 'res:' .. r.id, keep_ms)
  moved(r)
end

-- A turn ends undone: back to the head, or refunded when it was the last. Says which.
local function give_back(r, ttl_ms, max_attempts, keep_ms)
  if r.attempts - r.untried >= max_attempts then
    finish(r, 'REFUNDED', 0, 'FAILED', keep_ms)
    return 'failed'
  end
  free(r)
  local first = redis.call('ZRANGE', P .. 'line:' .. r.where, 0, 0, 'WITHSCORES')
  local tag = r.tag
  if first[2] then tag = math.min(tag, tonumber(first[2]) - 1) end
  redis.call('HINCRBY', P .. 'class:' .. r.where, 'returned', 1)
  stand(r, tag)
  expires(r, math.max(r.expire, now + ttl_ms))
  moved(r)
  return 'returned'
end

-- Place, pictures and work ahead (summed up to HEAD, else by the mean) and turns returned to its class.
-- `heads` keeps what was read of a class, for scripts that look at many tickets.
local function place(r, heads)
  local head = heads[r.where]
  if not head then
    local costs, works, cost, work = {}, {}, 0, 0
    for i, entry in ipairs(redis.call('ZRANGE', P .. 'line:' .. r.where, 0, HEAD - 1)) do
      cost, work = cost + tonumber(string.sub(entry, 18, 19)), work + tonumber(string.sub(entry, 21, 28))
      costs[i], works[i] = cost, work
    end
    local class = redis.call('HMGET', P .. 'class:' .. r.where, 'cost', 'work', 'returned')
    head = {costs = costs, works = works, cost = tonumber(class[1] or '0'), work = tonumber(class[2] or '0'),
      returned = tonumber(class[3] or '0'),
      waiting = redis.call('ZCARD', P .. 'line:' .. r.where)}
    heads[r.where] = head
  end
  if r.state ~= 'QUEUED' then return 0, 0, 0, head.returned end
  local rank = redis.call('ZRANK', P .. 'line:' .. r.where, member(r)) or 0
  if rank == 0 then return 0, 0, 0, head.returned end
  local function ahead(sums, total) return sums[rank] or math.floor(rank * total / head.waiting) end
  return rank, ahead(head.costs, head.cost), ahead(head.works, head.work), head.returned
end
