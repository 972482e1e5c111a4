-- Moves the shared policy state, if it is still the one that was read.
-- ARGV 4.. : revision that was read, new state (JSON), action, subject, detail, reason.
-- Reply: the new revision, or -1 when another move came first.

local held = redis.call('HGET', P .. 'policies', 'revision') or '0'
if held ~= ARGV[4] then return -1 end
local revision = redis.call('HINCRBY', P .. 'policies', 'revision', 1)
redis.call('HSET', P .. 'policies', 'state', ARGV[5])
tell('policies', revision)
audit(ARGV[6], ARGV[7], ARGV[8], ARGV[9])
return revision
