SELECT 1 FROM categories WHERE instance_serial = :instance AND name = :name AND serial <> :category_serial
