UPDATE withdrawals SET is_topped_up = 1 WHERE serial = :serial
