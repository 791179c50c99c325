UPDATE deposits
SET sent_at_s = :before
WHERE serial = :serial AND exchange_sig IS NULL AND sent_at_s = :sent_at_s
