INSERT INTO order_products (
    order_serial, line, product_serial, quantity_u, is_reserved, is_open, expires_at_s
)
VALUES (
    :order_serial, :line, :product_serial, :quantity_u, :is_reserved, 1, ifnull(:expires_at_s, 9223372036854775807)
)
