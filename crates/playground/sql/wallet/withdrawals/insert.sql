INSERT INTO withdrawals (exchange, reserve_seed, price, is_topped_up, is_done)
VALUES (:exchange, :reserve_seed, :price, 0, 0)
