-- A replica of the desk lives. Reads and writes: replicas.
-- ARGV 2.. : replica lasting_ms. Reply: how many live.

redis.call('ZADD', P .. 'replicas', whole(now), ARGV[2])
redis.call('ZREMRANGEBYSCORE', P .. 'replicas', '-inf', whole(now - ARGV[3]))
return redis.call('ZCARD', P .. 'replicas')
