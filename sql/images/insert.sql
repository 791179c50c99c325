INSERT INTO images (instance_serial, hash, url_hash, size, text) VALUES (:instance, :hash, :url_hash, :size, :text)
