UPDATE products SET low_stock_u = :low_stock_u WHERE serial = :product_serial
