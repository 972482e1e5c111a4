-- To COMMITTED: charges `actual` pictures, gives the rest back. A final reservation stays what it is.
-- Reads and writes: everything that `finish` touches.
-- ARGV 2.. : id actual keep_ms. Reply: reservation; or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if live(r) then
  local actual = tonumber(ARGV[3])
  if actual > r.cost then return fail('INVALID_ARGUMENT', 'actual') end
  if r.attempts == 0 then return fail('WRONG_STATE', r.state) end
  if r.state == 'QUEUED' then
    r.late = true
    set(r, 'late', '1')
  end
  finish(r, 'COMMITTED', actual, '', ARGV[4])
end
return show(r)
