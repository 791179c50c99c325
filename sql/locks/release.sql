DELETE FROM product_locks WHERE instance_serial = :instance AND uuid = :uuid
