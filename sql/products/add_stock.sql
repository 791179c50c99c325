UPDATE products SET stock_u = min(stock_u + :quantity_u, 9007199254740991)
WHERE serial = :product_serial AND stock_u IS NOT NULL
