SELECT product_serial, quantity_u
FROM order_products
WHERE order_serial = :order_serial AND is_open = 1 AND product_serial IS NOT NULL
ORDER BY line
