SELECT count(*) AS count FROM cashiers WHERE instance_serial = :instance AND pin_hash IS NOT NULL
