SELECT orders.paid_at_s AS at_s, payments.amount AS plus, NULL AS minus
FROM orders
JOIN payments ON payments.order_serial = orders.serial
WHERE orders.instance_serial = :instance AND orders.paid_at_s >= :from_s
