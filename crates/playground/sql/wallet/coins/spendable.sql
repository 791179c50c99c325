SELECT c.serial, c.remaining, d.fee_deposit, d.expire_deposit_s
FROM exchanges e
JOIN denominations d ON d.exchange = e.serial
JOIN coins c ON c.denomination = d.serial AND c.remaining IS NOT NULL AND c.is_doubted = 0
WHERE e.base_url = :base_url AND e.master_pub = :master_pub AND e.currency = :currency
ORDER BY c.serial
