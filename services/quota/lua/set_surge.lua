-- Stores the surge level if what is stored is what the caller saw; a change of level, or by an operator, is audited.
-- Reads and writes: surge, audit.
-- ARGV 2.. : the level as seen, and as it shall be, each as text; level, cause; audited ("1"). Reply: "1" if stored.

if (redis.call('HGET', P .. 'surge', 'state') or '') ~= ARGV[2] then return '0' end
redis.call('HSET', P .. 'surge', 'state', ARGV[3])
if ARGV[6] == '1' then audit('surge', 'mesh', ARGV[4], ARGV[5]) end
return '1'
