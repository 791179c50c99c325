DELETE FROM orders WHERE serial = :order_serial
