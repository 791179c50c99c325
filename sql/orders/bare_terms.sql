SELECT terms FROM orders WHERE serial = :order_serial
