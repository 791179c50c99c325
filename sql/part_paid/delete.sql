DELETE FROM part_paid
WHERE order_serial = :order_serial
