SELECT
    r.serial, r.coin, r.protocol, r.seed, r.amount, r.fee, r.noreveal_index, c.withdrawal, c.coin_pub,
    c.coin_seed, c.ub_sig, d.h_denom, e.base_url
FROM refreshes r
JOIN coins c ON c.serial = r.coin
JOIN denominations d ON d.serial = c.denomination
JOIN exchanges e ON e.serial = d.exchange
WHERE r.serial = :serial
