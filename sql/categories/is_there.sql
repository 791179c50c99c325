SELECT 1 FROM categories WHERE instance_serial = :instance AND serial = :category_serial
