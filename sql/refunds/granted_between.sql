SELECT
    refunds.serial, orders.serial AS order_serial, order_id, summary, orders.amount AS price, refunds.amount, reason, granted_at_s, collected_at_s, method
FROM refunds
    JOIN orders ON orders.serial = refunds.order_serial
    LEFT JOIN payments ON payments.order_serial = refunds.order_serial
WHERE granted_at_s >= :at_s AND granted_at_s < :until_s
    AND (granted_at_s > :at_s OR refunds.serial > :serial)
    AND orders.instance_serial = :instance
ORDER BY granted_at_s, refunds.serial
LIMIT :limit
