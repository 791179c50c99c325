-- scans: withdrawals, all of which are asked for
SELECT w.made_at_s, w.price, w.is_done, e.base_url
FROM withdrawals w JOIN exchanges e ON e.serial = w.exchange
ORDER BY w.serial DESC
LIMIT :limit
