-- scans: a check looks at every row
SELECT 'order ' || orders.order_id || ' costs ' || orders.amount || ' and was paid ' || payments.amount
FROM payments
JOIN orders ON orders.serial = payments.order_serial
WHERE orders.amount <> payments.amount
