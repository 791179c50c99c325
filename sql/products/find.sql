WHERE products.instance_serial = :instance AND products.product_id = :product_id
