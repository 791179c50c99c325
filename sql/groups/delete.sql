DELETE FROM product_groups WHERE instance_serial = :instance AND serial = :serial
