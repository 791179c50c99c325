WHERE serial = :order_serial
