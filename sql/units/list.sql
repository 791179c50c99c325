WHERE instance_serial = :instance
ORDER BY unit
