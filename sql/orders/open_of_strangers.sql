SELECT serial
FROM orders
WHERE instance_serial = :instance AND by_stranger = 1 AND paid_at_s IS NULL
LIMIT 1 OFFSET :count
