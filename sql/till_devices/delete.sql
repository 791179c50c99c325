DELETE FROM till_devices WHERE serial = :serial AND instance_serial = :instance
