DELETE FROM images
WHERE serial = :image_serial AND NOT EXISTS (SELECT 1 FROM products WHERE image_serial = :image_serial)
