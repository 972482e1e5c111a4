-- The first tickets of a class. Writes nothing.
-- Reads: line.
-- ARGV 2.. : model tier limit. Reply: ids.

local found = {}
for i, entry in ipairs(redis.call('ZRANGE', P .. 'line:' .. ARGV[2] .. ':' .. ARGV[3], 0, ARGV[4] - 1)) do
  found[i] = string.sub(entry, 30)
end
return found
