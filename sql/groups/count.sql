SELECT count(*) FROM product_groups WHERE instance_serial = :instance
