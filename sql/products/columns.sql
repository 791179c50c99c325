SELECT
    products.serial, products.product_id, products.name, products.description, products.description_i18n,
    (
        SELECT json_group_array(category_serial) FROM product_categories
        WHERE product_categories.product_serial = products.serial
    ) AS categories,
    products.unit, products.allow_fraction, products.precision_level, products.stock_u, products.lost_u,
    products.prices, products.price_is_net, products.group_serial, products.pot_serial, products.taxes,
    products.address, products.next_restock_s, products.minimum_age, products.sold_u,
    -- A sum of many may be more than a quantity can be, where the stock is without end.
    CAST(min(9007199254740991.0, (
        SELECT total(quantity_u) FROM product_locks
        WHERE product_locks.product_serial = products.serial AND expires_at_s > :now_s
    ) + (
        SELECT total(quantity_u) FROM order_products
        WHERE order_products.product_serial = products.serial AND is_open = 1 AND is_reserved = 1
            AND expires_at_s > :now_s
    )) AS INTEGER) AS held_u,
    products.image_serial, images.hash AS image_hash, iif(images.size <= :longest_image, images.text, NULL) AS image,
    products.low_stock_u
FROM products LEFT JOIN images ON images.serial = products.image_serial
