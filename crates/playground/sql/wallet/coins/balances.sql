-- scans: the exchanges, of which there are few; all coins that can be spent are asked for
SELECT e.base_url, c.remaining
FROM exchanges e
JOIN denominations d ON d.exchange = e.serial
JOIN coins c ON c.denomination = d.serial AND c.remaining IS NOT NULL AND c.is_doubted = 0
ORDER BY e.base_url
