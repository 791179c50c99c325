UPDATE deposits
SET exchange_timestamp_s = :exchange_timestamp_s, exchange_pub = :exchange_pub,
    exchange_sig = :exchange_sig
WHERE order_serial = :order_serial AND coin_pub = :coin_pub AND exchange_sig IS NULL
