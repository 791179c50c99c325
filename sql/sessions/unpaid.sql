SELECT order_id
FROM orders
WHERE instance_serial = :instance AND session_id = :session_id AND fulfillment_url = :fulfillment_url
    AND (
        (paid_at_s IS NULL AND (pay_deadline_s IS NULL OR pay_deadline_s > :now_s))
        OR (paid_at_s IS NOT NULL AND paid_session IS NOT :session_id AND refunded < 2)
    )
ORDER BY serial DESC
LIMIT 1
