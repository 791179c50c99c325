-- scans: the index of coins that are on their way, all of which are asked for
SELECT e.base_url, d.value
FROM withdrawals w
JOIN coins c ON c.withdrawal = w.serial AND c.ub_sig IS NULL
JOIN denominations d ON d.serial = c.denomination
JOIN exchanges e ON e.serial = w.exchange
WHERE w.is_done = 0
