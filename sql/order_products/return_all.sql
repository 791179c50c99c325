UPDATE order_products SET returned_u = quantity_u WHERE order_serial = :order_serial AND is_open = 0
