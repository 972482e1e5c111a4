-- Renews an edge's leases on the jobs it walks; with a set idle time it offers them to the others instead.
--
-- KEYS[1] {edge}:work  stream of unfinished jobs; pending list of group "edges" = leases
-- ARGV: consumer, idle milliseconds to set (0 renews), then work entry ids
-- Returns the entries that another edge holds by now or that are done: their walks must stop here.
local lost = {}
for i = 3, #ARGV do
  local held = redis.call('XPENDING', KEYS[1], 'edges', ARGV[i], ARGV[i], 1)
  if held[1] and held[1][2] == ARGV[1] then
    redis.call('XCLAIM', KEYS[1], 'edges', ARGV[1], 0, ARGV[i], 'IDLE', ARGV[2], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
