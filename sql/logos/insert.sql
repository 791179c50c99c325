INSERT INTO logos (instance_serial, hash, text)
VALUES (:instance, :hash, :text)
ON CONFLICT (instance_serial, hash) DO NOTHING
