-- scans: the index of withdrawals that are not done, all of which are asked for
SELECT serial FROM withdrawals WHERE is_done = 0 ORDER BY serial
