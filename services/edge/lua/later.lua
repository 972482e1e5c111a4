-- Puts something off, unless it is no longer to be done.
--
-- KEYS[1] {edge}:due  as in due.lua
-- ARGV: member, milliseconds from now
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
return redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', at), ARGV[1])
