INSERT INTO product_categories (product_serial, category_serial) VALUES (:product_serial, :category_serial)
