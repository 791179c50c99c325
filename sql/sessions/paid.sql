SELECT order_id
FROM orders
WHERE instance_serial = :instance AND paid_session = :session_id AND fulfillment_url = :fulfillment_url
    AND refunded <= :most_refunded
ORDER BY serial DESC
LIMIT 1
