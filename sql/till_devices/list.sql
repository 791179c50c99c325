SELECT serial, instance_serial, hash, browser, created_at_s
FROM till_devices
WHERE instance_serial = :instance
ORDER BY serial
LIMIT :limit
