SELECT claimed_at_s FROM orders WHERE serial = :order_serial
