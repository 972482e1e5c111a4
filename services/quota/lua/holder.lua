-- Who holds a key. Writes nothing.
-- Reads: key, acct.
-- ARGV 2.. : digest. Reply: account, tier, key id, revoked, expires_ms or "", scopes, banned or ""; or {}.

return holder(ARGV[2])
