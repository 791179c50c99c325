SELECT paid_at_s
FROM orders
WHERE instance_serial = :instance AND paid_at_s IS NOT NULL
ORDER BY paid_at_s DESC, serial DESC
LIMIT 1
