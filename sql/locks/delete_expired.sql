DELETE FROM product_locks WHERE product_serial = :product_serial AND expires_at_s <= :now_s
