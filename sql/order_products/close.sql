UPDATE order_products SET is_open = 0 WHERE order_serial = :order_serial AND is_open = 1
