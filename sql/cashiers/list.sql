WHERE instance_serial = :instance AND pin_hash IS NOT NULL
ORDER BY serial
LIMIT :limit
