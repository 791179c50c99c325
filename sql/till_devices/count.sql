SELECT count(*) AS count FROM till_devices WHERE instance_serial = :instance
