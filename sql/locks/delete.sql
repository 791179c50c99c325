DELETE FROM product_locks WHERE product_serial = :product_serial AND uuid = :uuid
