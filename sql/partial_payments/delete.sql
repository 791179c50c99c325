DELETE FROM partial_payments
WHERE order_serial = :order_serial
