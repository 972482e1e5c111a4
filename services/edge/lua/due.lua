-- Takes what is due, and puts it off by a lease, so that it comes again if whoever takes it dies.
--
-- KEYS[1] {edge}:due  sorted set: "<what> <job id>" -> milliseconds, on the store's clock, at which it is due
-- ARGV: most to take, milliseconds of the lease
-- Returns what was taken, the longest due first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(taken) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), member)
end
return taken
