SELECT 1 FROM product_groups WHERE instance_serial = :instance AND name = :name AND serial <> :serial
