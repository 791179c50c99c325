WHERE products.instance_serial = :instance
ORDER BY products.serial
LIMIT :limit
