INSERT INTO logos (instance, hash, text)
VALUES (:instance, :hash, :text)
ON CONFLICT (instance, hash) DO NOTHING
