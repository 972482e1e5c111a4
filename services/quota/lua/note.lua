-- Enters what was done, or is about to be, into the audit log.
-- Writes: audit.
-- ARGV 2.. : action subject detail reason. Reply: "OK".

audit(ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return 'OK'
