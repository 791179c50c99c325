-- scans: refreshes, all of which are asked for
SELECT r.made_at_s, r.amount, r.state, e.base_url
FROM refreshes r
JOIN coins c ON c.serial = r.coin
JOIN denominations d ON d.serial = c.denomination
JOIN exchanges e ON e.serial = d.exchange
ORDER BY r.serial DESC
LIMIT :limit
