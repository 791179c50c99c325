WHERE products.serial = :product_serial AND products.instance_serial = :instance
