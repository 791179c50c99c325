INSERT INTO withdrawals (exchange, reserve_seed, price, is_topped_up, is_done, protocol, made_at_s)
VALUES (:exchange, :reserve_seed, :price, 0, 0, :protocol, :made_at_s)
