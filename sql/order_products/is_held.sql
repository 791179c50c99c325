SELECT 1
WHERE EXISTS (
    SELECT 1 FROM product_locks WHERE product_serial = :product_serial AND expires_at_s > :now_s
) OR EXISTS (
    SELECT 1 FROM order_products
    WHERE product_serial = :product_serial AND is_open = 1 AND is_reserved = 1 AND expires_at_s > :now_s
)
