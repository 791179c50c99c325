INSERT INTO cashiers (instance_serial, name, pin_hash, created_at_s)
VALUES (:instance, :name, :pin_hash, :created_at_s)
ON CONFLICT (instance_serial, name) WHERE pin_hash IS NOT NULL DO NOTHING
