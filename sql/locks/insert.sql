INSERT INTO product_locks (product_serial, uuid, instance_serial, quantity_u, expires_at_s)
VALUES (:product_serial, :uuid, :instance, :quantity_u, :expires_at_s)
