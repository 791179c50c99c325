SELECT count(*) FROM products WHERE instance_serial = :instance
