UPDATE refunds
SET taken_at_s = :taken_at_s
WHERE serial = :serial AND taken_at_s IS NULL
