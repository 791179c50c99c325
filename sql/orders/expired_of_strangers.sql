SELECT serial
FROM orders
WHERE by_stranger = 1 AND paid_at_s IS NULL AND pay_deadline_s < :before_s
    AND NOT EXISTS (SELECT 1 FROM deposits WHERE deposits.order_serial = orders.serial)
ORDER BY pay_deadline_s
LIMIT :limit
