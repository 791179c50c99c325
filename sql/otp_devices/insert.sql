INSERT INTO otp_devices (instance_serial, device_id, description, key, algorithm, ctr)
VALUES (:instance, :device_id, :description, :key, :algorithm, :ctr)
