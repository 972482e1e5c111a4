-- To REFUNDED: charges nothing. A final reservation stays what it is.
-- Reads and writes: everything that `finish` touches.
-- ARGV 2.. : id reason keep_ms. Reply: reservation; or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if live(r) then finish(r, 'REFUNDED', 0, ARGV[3], ARGV[4]) end
return show(r)
