-- Recounts the counters from the reservations themselves. Writes nothing; reads everything that is live.
-- Reads: expiry, res, books, acct, win, lines, line, class, gens, gen.
-- Reply: one sentence for each counter that is off.

local wrong = {}
local function check(what, stored, counted)
  if (tonumber(stored or '0') or 0) ~= (counted or 0) then
    wrong[#wrong + 1] = what .. ': stored ' .. tostring(stored or '0') .. ', counted ' .. (counted or 0)
  end
end

local jobs, pictures = 0, 0
local accounts, windows, held, queued, waiting, leased = {}, {}, {}, {}, {}, {}
local waiting_work, leased_work = {}, {}
local function add(table_, key, amount) table_[key] = (table_[key] or 0) + amount end
for _, id in ipairs(redis.call('ZRANGE', P .. 'expiry', 0, -1)) do
  local r = load(id)
  if not r or not live(r) then
    wrong[#wrong + 1] = id .. ': due to expire, but not live'
  else
    jobs, pictures = jobs + 1, pictures + r.cost
    add(accounts, r.account, 1)
    for label, amount in string.gmatch(r.windows, '(%S+):(%d+)') do
      add(windows, r.account .. ':' .. label, tonumber(amount))
    end
    if r.state == 'HELD' then add(held, r.where, 1) end
    if r.state == 'QUEUED' then
      add(queued, r.where, 1)
      add(waiting, r.where, r.cost)
      add(waiting_work, r.where, r.work)
      if not redis.call('ZRANK', P .. 'line:' .. r.where, member(r)) then wrong[#wrong + 1] = id .. ': no place' end
    end
    if r.state == 'RUNNING' and not r.freed then
      add(leased, r.generator, r.cost)
      add(leased_work, r.generator, r.work)
    end
  end
end

local books = P .. 'books'
check('books live', number(books, 'live'), jobs)
check('books live pictures', number(books, 'live_pictures'), pictures)
for _, unit in ipairs({'', '_pictures'}) do
  check('books issued' .. unit, number(books, 'issued' .. unit), number(books, 'committed' .. unit)
    + number(books, 'refunded' .. unit) + number(books, 'expired' .. unit) + number(books, 'live' .. unit))
end
for account, count in pairs(accounts) do
  check('live of ' .. account, redis.call('HGET', P .. 'acct:' .. account, 'live'), count)
end
for window, cost in pairs(windows) do
  check('held of ' .. window, redis.call('HGET', P .. 'win:' .. window, 'held'), cost)
end
for _, name in ipairs(redis.call('SMEMBERS', P .. 'lines')) do
  local where = string.gsub(name, ' ', ':')
  check('waiting of ' .. where, redis.call('ZCARD', P .. 'line:' .. where), queued[where])
  check('pictures waiting of ' .. where, redis.call('HGET', P .. 'class:' .. where, 'cost') or '0', waiting[where])
  check('work waiting of ' .. where, redis.call('HGET', P .. 'class:' .. where, 'work') or '0', waiting_work[where])
  check('held of ' .. where, redis.call('HGET', P .. 'class:' .. where, 'held') or '0', held[where])
end
for _, id in ipairs(redis.call('ZRANGE', P .. 'gens', 0, -1)) do
  check('leased of ' .. id, redis.call('HGET', P .. 'gen:' .. id, 'leased') or '0', leased[id])
  check('leased work of ' .. id, redis.call('HGET', P .. 'gen:' .. id, 'leased_work') or '0', leased_work[id])
end
return wrong
