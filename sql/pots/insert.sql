INSERT INTO money_pots (instance_serial, name, description) VALUES (:instance, :name, :description)
ON CONFLICT (instance_serial, name) DO NOTHING
