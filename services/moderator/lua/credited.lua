-- A granted appeal's credit is given, refused for good, or to be tried again.
-- ARGV 4.. : id, "done", "refused" or "due", ms from which on it is tried again, detail for the audit log.
-- Reply: "OK".

local id, outcome = ARGV[4], ARGV[5]
if outcome == 'due' then
  redis.call('ZADD', P .. 'credits', 'XX', ARGV[6], id)
elseif redis.call('ZREM', P .. 'credits', id) == 1 then
  if redis.call('EXISTS', P .. 'appeal:' .. id) == 1 then redis.call('HSET', P .. 'appeal:' .. id, 'credit', outcome) end
  audit('credit', id, ARGV[7], outcome)
end
return 'OK'
