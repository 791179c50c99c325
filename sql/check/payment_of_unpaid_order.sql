-- scans: a check looks at every row
SELECT 'order ' || orders.order_id || ' has a payment and is not paid'
FROM payments
JOIN orders ON orders.serial = payments.order_serial
WHERE orders.paid_at_s IS NULL
