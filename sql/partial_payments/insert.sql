INSERT INTO partial_payments (order_serial)
VALUES (:order_serial)
ON CONFLICT (order_serial) DO NOTHING
