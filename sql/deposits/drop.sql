DELETE FROM deposits
WHERE order_serial = :order_serial AND coin_pub = :coin_pub AND exchange_sig IS NULL
