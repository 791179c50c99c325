SELECT paid_at_s AS at_s, amount AS plus, NULL AS minus
FROM orders
WHERE instance_serial = :instance AND paid_at_s >= :from_s
