UPDATE coin_refunds
SET requested = 1
WHERE deposit_serial IN (SELECT serial FROM deposits WHERE order_serial = :order_serial)
