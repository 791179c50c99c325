SELECT count(*) FROM categories WHERE instance_serial = :instance
