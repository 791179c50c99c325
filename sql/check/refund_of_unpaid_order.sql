-- scans: a check looks at every row
SELECT 'order ' || orders.order_id || ' has a refund and is not paid'
FROM refunds
JOIN orders ON orders.serial = refunds.order_serial
WHERE orders.paid_at_s IS NULL
