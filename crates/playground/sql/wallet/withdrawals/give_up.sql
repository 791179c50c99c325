UPDATE withdrawals SET is_done = 1 WHERE serial = :serial AND is_topped_up = 0
