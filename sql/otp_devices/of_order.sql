SELECT otp_devices.device_id, otp_devices.key, otp_devices.algorithm, orders.amount, orders.paid_at_s
FROM orders
JOIN otp_devices ON otp_devices.serial = orders.otp_device_serial
WHERE orders.instance_serial = :instance AND orders.order_id = :order_id
