INDEXED BY otp_devices_by_instance
WHERE instance_serial = :instance
ORDER BY serial
