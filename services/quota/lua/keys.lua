-- The keys of an account, oldest first. Writes nothing.
-- Reads: keys, key, acct.
-- ARGV 2.. : account limit. Reply: rows as of holder.lua.

local found = {}
for i, digest in ipairs(redis.call('LRANGE', P .. 'keys:' .. ARGV[2], 0, ARGV[3] - 1)) do found[i] = holder(digest) end
return found
