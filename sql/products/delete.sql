DELETE FROM products WHERE serial = :product_serial
