UPDATE withdrawals SET is_done = 1
WHERE serial = :serial AND NOT EXISTS (SELECT 1 FROM coins WHERE withdrawal = :serial AND ub_sig IS NULL)
