-- RUNNING to QUEUED at the head, or to REFUNDED after the last attempt. An old attempt changes nothing.
-- Its generator is suspect until it reports again, so that one that died does not eat every attempt at once.
-- A turn that the generator had no time for is no attempt, up to `most_untried` times.
-- Reads and writes: everything that `give_back` and `finish` touch; gen (suspect).
-- ARGV 2.. : id attempt ttl_ms max_attempts keep_ms most_untried (0 when the turn was tried). Reply: reservation; or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if r.state == 'RUNNING' and r.attempts == tonumber(ARGV[3]) then
  local gen = P .. 'gen:' .. r.generator
  if redis.call('EXISTS', gen) == 1 then redis.call('HSET', gen, 'suspect', '1') end
  if r.untried < tonumber(ARGV[7]) then
    r.untried = r.untried + 1
    set(r, 'untried', whole(r.untried))
  end
  give_back(r, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])
end
return show(r)
