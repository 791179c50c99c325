SELECT
    serial, name, name_i18n,
    (SELECT count(*) FROM product_categories WHERE category_serial = categories.serial) AS product_count
FROM categories
