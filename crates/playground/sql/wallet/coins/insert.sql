INSERT INTO coins (withdrawal, denomination, coin_pub, coin_seed, blinding_seed, is_doubted)
VALUES (:withdrawal, :denomination, :coin_pub, :coin_seed, :blinding_seed, 0)
