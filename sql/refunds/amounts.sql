SELECT serial, amount FROM refunds WHERE order_serial = :order_serial ORDER BY serial
