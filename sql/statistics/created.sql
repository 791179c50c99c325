SELECT created_at_s AS at_s, NULL AS plus, NULL AS minus
FROM orders
WHERE instance_serial = :instance AND created_at_s >= :from_s
