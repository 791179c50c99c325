SELECT EXISTS (SELECT 1 FROM order_products WHERE order_serial = :order_serial AND is_open = 1)
    OR EXISTS (SELECT 1 FROM order_pots WHERE order_serial = :order_serial)
