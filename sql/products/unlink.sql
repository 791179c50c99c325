DELETE FROM product_categories WHERE product_serial = :product_serial
