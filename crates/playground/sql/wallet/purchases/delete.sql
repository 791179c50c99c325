DELETE FROM purchases
WHERE serial = :serial AND state = 'claimed' AND NOT EXISTS (SELECT 1 FROM spendings WHERE purchase = :serial)
