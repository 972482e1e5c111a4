-- An operator's exemplar.
-- ARGV 4.. : kind, id, JSON, exemplars at most, detail for the audit log, reason.
-- Reply: {"DONE"}, {"THERE"} or {"FULL", list, most}.

local kind, id = ARGV[4], ARGV[5]
if redis.call('HEXISTS', P .. 'exemplars:' .. kind, id) == 1 then return {'THERE'} end
local full = keep_exemplar(kind, id, ARGV[6], ARGV[7], '', '0')
if full ~= '' then return {'FULL', full, ARGV[7]} end
audit('add_exemplar', id, ARGV[8], ARGV[9])
return {'DONE'}
