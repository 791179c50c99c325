UPDATE coin_refunds
SET exchange_pub = :exchange_pub, exchange_sig = :exchange_sig
WHERE serial = :serial AND exchange_sig IS NULL
