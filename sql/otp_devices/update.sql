UPDATE otp_devices
SET description = :description, key = :key, algorithm = :algorithm, ctr = :ctr
WHERE instance_serial = :instance AND device_id = :device_id
