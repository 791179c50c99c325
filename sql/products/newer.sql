SELECT serial, product_id
FROM products
WHERE instance_serial = :instance AND serial > :offset
