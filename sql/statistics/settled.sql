SELECT
    (
        SELECT max(closed_at_s)
        FROM settlements
        WHERE settlements.order_serial = orders.serial
    ) AS at_s,
    NULL AS plus, NULL AS minus
FROM orders
WHERE instance_serial = :instance AND paid_at_s IS NOT NULL AND wired = 1
