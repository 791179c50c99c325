UPDATE refunds
SET collected_at_s = :collected_at_s
WHERE serial = :serial AND collected_at_s IS NULL
