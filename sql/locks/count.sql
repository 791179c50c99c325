SELECT count(*) FROM product_locks WHERE product_serial = :product_serial
