INSERT INTO coins (coin_pub, denomination, ub_sig, h_age_commitment, value, spent, refunded)
VALUES (:coin_pub, :denomination, :ub_sig, :h_age_commitment, :value, 0, 0)
ON CONFLICT (coin_pub) DO NOTHING
