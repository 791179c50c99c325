SELECT serial
FROM products
WHERE instance_serial = :instance
    AND (:category IS NULL OR EXISTS (
        SELECT 1 FROM product_categories
        WHERE product_serial = products.serial AND category_serial = :category
    ))
    AND (
        :text IS NULL OR instr(name_folded, :text) > 0 OR instr(description_folded, :text) > 0
        OR instr(lower(product_id), :text) > 0
    )
    AND (:only_low = 0 OR (
        stock_u IS NOT NULL AND stock_u - sold_u - lost_u <= ifnull(low_stock_u, 0)
    ))
ORDER BY
    :low_first = 1 AND stock_u IS NOT NULL AND stock_u - sold_u - lost_u <= ifnull(low_stock_u, 0) DESC,
    name_folded, serial
LIMIT :limit OFFSET :offset
