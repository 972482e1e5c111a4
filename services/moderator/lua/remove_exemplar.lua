-- Removes an exemplar.
-- ARGV 4.. : id, reason. Reply: {"DONE"} or {"NONE"}.

local id = ARGV[4]
for _, kind in ipairs({'allow', 'block'}) do
  local json = redis.call('HGET', P .. 'exemplars:' .. kind, id)
  if json then
    local account = cjson.decode(json).account_id or ''
    if account ~= '' and redis.call('HINCRBY', P .. 'exemplars:of', account, -1) <= 0 then
      redis.call('HDEL', P .. 'exemplars:of', account)
    end
    redis.call('HDEL', P .. 'exemplars:' .. kind, id)
    tell('exemplar', id)
    audit('remove_exemplar', id, kind, ARGV[5])
    return {'DONE'}
  end
end
return {'NONE'}
