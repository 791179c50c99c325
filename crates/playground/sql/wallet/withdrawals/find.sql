SELECT e.base_url, w.reserve_seed, w.price, w.is_topped_up, w.protocol
FROM withdrawals w JOIN exchanges e ON e.serial = w.exchange
WHERE w.serial = :serial
