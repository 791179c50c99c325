INSERT INTO product_groups (instance_serial, name, description) VALUES (:instance, :name, :description)
ON CONFLICT (instance_serial, name) DO NOTHING
