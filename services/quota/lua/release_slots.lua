-- Frees the slots of a running turn, once. An old attempt changes nothing.
-- Reads and writes: res (freed), gen (leased).
-- ARGV 2.. : id attempt. Reply: "OK" or a FAULT.

local r = load(ARGV[2])
if not r then return fail('NOT_FOUND', 'id') end
if r.attempts == tonumber(ARGV[3]) then free(r) end
return 'OK'
