SELECT s.serial, s.coin, s.contribution, c.coin_pub, c.coin_seed, c.ub_sig, d.h_denom, d.fee_deposit,
    e.base_url
FROM spendings s
JOIN coins c ON c.serial = s.coin
JOIN denominations d ON d.serial = c.denomination
JOIN exchanges e ON e.serial = d.exchange
WHERE s.purchase = :purchase
ORDER BY s.serial
