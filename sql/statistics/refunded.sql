SELECT refunds.granted_at_s AS at_s, refunds.amount AS plus, NULL AS minus
FROM refunds
JOIN orders ON orders.serial = refunds.order_serial
WHERE refunds.granted_at_s >= :from_s AND orders.instance_serial = :instance
