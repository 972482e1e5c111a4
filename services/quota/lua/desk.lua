-- Shared by every script of the desk: this text is put before theirs.
--
-- Every key of the desk, under the prefix KEYS[1] = "{fournil}:desk:" (one hash tag, so that every script stays in
-- one slot of a cluster; names are completed in here because a script learns only from one key which others it
-- needs):
--
--   res:<id>                     hash    a reservation: account tier model cost state expire (ms) charged reason
--                                        attempts generator address; windows ("<policy>:<n> ...", those charged);
--                                        arrival, tag (place in line when it joined); freed ("1" once its turn's
--                                        slots are free); request. Expires `keep_final` after its end.
--   expiry                       zset    id -> ms at which its time runs out, of every live reservation
--   acct:<account>               hash    tier; live (jobs); since
--   win:<account>:<policy>:<n>   hash    used, held (pictures) in the n-th stretch of that window
--   req:<account>:<request id>   string  "<id> <body hash>" of the reservation that request id got
--   books                        hash    the counters of `Books` (store.py)
--   arrival                      string  tickets that ever joined a line
--   lines                        set     "<model> <tier>" of every class that was ever waited in
--   line:<model>:<tier>          zset    "<arrival, 16 digits>:<cost, 2 digits>:<id>" -> tag; place = rank
--   class:<model>:<tier>         hash    virtual; cost (pictures waiting); held (reservations not yet waiting);
--                                        returned (turns that came back)
--   ends:<model>:<tier>          zset    account -> end of its last ticket in virtual time, while above `virtual`
--   shares:<model>               hash    virtual; tag:<tier>: fair queueing between the classes of a model
--   shares                       hash    virtual; tag:<model>: fair queueing between models on one generator
--   gens                         zset    generator id -> ms of its last heartbeat
--   gen:<generator id>           hash    address models slots picture_us; leased (pictures of its turns);
--                                        suspect ("1" from a returned turn to the next heartbeat)
--   addr:<address>               string  id of the generator that reports from there
--   moves                        stream  id: tickets that got or lost a turn or ended, the last few thousand
--   key:<digest>                 hash    account id revoked: an API key by its keyed hash
--   keyid:<key id>               string  its digest
--   audit                        stream  changes of accounts and keys, the last 100,000
--
-- ARGV[1] is the time in ms, or "" for the server's own clock.

local P = KEYS[1]
local SCALE = 1000000
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
    'reason', 'attempts', 'generator', 'address', 'windows', 'arrival', 'tag', 'freed')
  if not r[1] then return nil end
  return {
    id = id, account = r[1], tier = r[2], model = r[3], cost = tonumber(r[4]), state = r[5],
    expire = tonumber(r[6]), charged = tonumber(r[7] or '0'), reason = r[8] or '', attempts = tonumber(r[9] or '0'),
    generator = r[10] or '', address = r[11] or '', windows = r[12] or '', arrival = r[13] or '',
    tag = tonumber(r[14] or '0'), freed = r[15] == '1', where = r[3] .. ':' .. r[2],
  }
end

-- What a caller gets of it. All text.
local function show(r)
  return {r.id, r.account, r.tier, r.model, whole(r.cost), r.state, whole(r.expire), whole(r.charged), r.reason,
    whole(r.attempts), r.generator, r.address}
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
    if redis.call('EXISTS', gen) == 1 then redis.call('HINCRBY', gen, 'leased', -r.cost) end
  end
end

local function member(r)
  return string.format('%016d:%02d:%s', tonumber(r.arrival), r.cost, r.id)
end

local function number(key, field) return tonumber(redis.call('HGET', key, field) or '0') end

-- Puts a ticket into its class with a tag. A class that begins to wait starts at its model's virtual time.
local function stand(r, tag)
  local line, shares = P .. 'line:' .. r.where, P .. 'shares:' .. r.model
  if redis.call('EXISTS', line) == 0 then
    local start = math.max(number(shares, 'tag:' .. r.tier), number(shares, 'virtual'))
    redis.call('HSET', shares, 'tag:' .. r.tier, whole(start))
  end
  redis.call('ZADD', line, whole(tag), member(r))
  redis.call('HINCRBY', P .. 'class:' .. r.where, 'cost', r.cost)
  r.state = 'QUEUED'
  set(r, 'state', 'QUEUED')
end

-- Takes a ticket out of its class. One that never had a turn, and was its account's last, is not counted.
local function leave(r)
  redis.call('ZREM', P .. 'line:' .. r.where, member(r))
  redis.call('HINCRBY', P .. 'class:' .. r.where, 'cost', -r.cost)
  if r.attempts == 0 then
    local ends = P .. 'ends:' .. r.where
    if tonumber(redis.call('ZSCORE', ends, r.account) or '-1') == r.tag + r.cost then
      redis.call('ZADD', ends, whole(r.tag), r.account)
    end
  end
end

-- The end, whichever: pictures go back to the windows they were charged to, `charged` of them as used.
local function finish(r, state, charged, reason, keep_ms)
  free(r)
  if r.state == 'QUEUED' then leave(r) end
  if r.state == 'HELD' then redis.call('HINCRBY', P .. 'class:' .. r.where, 'held', -1) end
  for window in string.gmatch(r.windows, '%S+') do
    local key = P .. 'win:' .. r.account .. ':' .. window
    -- A window whose day is long over has been dropped; there is nothing to give back to.
    if redis.call('EXISTS', key) == 1 then
      redis.call('HINCRBY', key, 'held', -r.cost)
      if charged > 0 then redis.call('HINCRBY', key, 'used', charged) end
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
  if r.attempts >= max_attempts then
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

-- Place, pictures ahead (summed up to HEAD, else by the mean) and turns returned to its class.
-- `heads` keeps what was read of a class, for scripts that look at many tickets.
local function place(r, heads)
  local head = heads[r.where]
  if not head then
    local sums, sum = {}, 0
    for i, entry in ipairs(redis.call('ZRANGE', P .. 'line:' .. r.where, 0, HEAD - 1)) do
      sum = sum + tonumber(string.sub(entry, 18, 19))
      sums[i] = sum
    end
    local class = redis.call('HMGET', P .. 'class:' .. r.where, 'cost', 'returned')
    head = {sums = sums, cost = tonumber(class[1] or '0'), returned = tonumber(class[2] or '0'),
      waiting = redis.call('ZCARD', P .. 'line:' .. r.where)}
    heads[r.where] = head
  end
  if r.state ~= 'QUEUED' then return 0, 0, head.returned end
  local rank = redis.call('ZRANK', P .. 'line:' .. r.where, member(r)) or 0
  local ahead = rank == 0 and 0 or head.sums[rank] or math.floor(rank * head.cost / head.waiting)
  return rank, ahead, head.returned
end
