SELECT serial, denomination, ub_sig, h_age_commitment, value, spent, refunded
FROM coins
WHERE coin_pub = :coin_pub
