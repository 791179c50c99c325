-- scans: the exchanges, of which there are few; all coins of which something was spent are asked for
SELECT c.serial, c.remaining, d.h_denom, e.base_url
FROM exchanges e
JOIN denominations d ON d.exchange = e.serial
JOIN coins c ON c.denomination = d.serial AND c.remaining IS NOT NULL AND c.is_doubted = 0
WHERE c.remaining <> d.value
ORDER BY c.serial
