INSERT INTO categories (instance_serial, name, name_i18n) VALUES (:instance, :name, :name_i18n)
ON CONFLICT (instance_serial, name) DO NOTHING
