DELETE FROM spendings
WHERE serial = :serial AND NOT EXISTS (SELECT 1 FROM refunds WHERE spending = :serial)
