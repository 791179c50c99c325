DELETE FROM otp_devices WHERE instance_serial = :instance AND device_id = :device_id
