SELECT count(*) FROM otp_devices WHERE instance_serial = :instance
