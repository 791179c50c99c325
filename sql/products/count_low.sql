SELECT count(*)
FROM products
WHERE instance_serial = :instance AND stock_u IS NOT NULL
    AND stock_u - sold_u - lost_u <= ifnull(low_stock_u, 0)
