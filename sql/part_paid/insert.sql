INSERT INTO part_paid (order_serial)
VALUES (:order_serial)
ON CONFLICT (order_serial) DO NOTHING
