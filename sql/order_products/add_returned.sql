UPDATE order_products SET returned_u = returned_u + :quantity_u
WHERE order_serial = :order_serial AND line = :line AND is_open = 0 AND returned_u + :quantity_u <= quantity_u
