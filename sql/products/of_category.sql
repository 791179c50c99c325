SELECT products.product_id
FROM product_categories JOIN products ON products.serial = product_categories.product_serial
WHERE product_categories.category_serial = :category_serial
ORDER BY product_categories.product_serial
