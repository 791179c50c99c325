SELECT serial, device_id, description, key, algorithm, ctr
FROM otp_devices
