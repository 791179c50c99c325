UPDATE products SET sold_u = min(sold_u + :quantity_u, 9007199254740991) WHERE serial = :product_serial
