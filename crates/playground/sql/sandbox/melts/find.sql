SELECT
    m.serial, m.coin, m.amount, m.fee, m.noreveal_index, m.exchange_pub, m.exchange_sig, m.candidates,
    m.is_revealed, c.coin_pub, c.h_age_commitment
FROM melts m JOIN coins c ON c.serial = m.coin
WHERE m.commitment = :commitment
