INSERT INTO coins (withdrawal, refresh, denomination, coin_pub, coin_seed, ub_sig, remaining, is_doubted)
VALUES (:withdrawal, :refresh, :denomination, :coin_pub, :coin_seed, :ub_sig, :remaining, 0)
