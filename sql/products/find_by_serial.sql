WHERE products.serial = :product_serial
