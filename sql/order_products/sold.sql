SELECT order_products.product_serial, order_products.quantity_u - order_products.returned_u AS quantity_u
FROM order_products JOIN products ON products.serial = order_products.product_serial
WHERE order_products.order_serial = :order_serial AND order_products.is_open = 0 AND products.stock_u IS NOT NULL
ORDER BY order_products.line
