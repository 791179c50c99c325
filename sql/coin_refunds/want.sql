UPDATE coin_refunds
SET wanted = 1
WHERE deposit_serial IN (SELECT serial FROM deposits WHERE order_serial = :order_serial)
