SELECT serial FROM withdrawals WHERE is_done = 0 ORDER BY serial
