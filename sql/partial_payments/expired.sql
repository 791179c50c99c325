-- scans: only what is unfinished is in the table
SELECT partial_payments.order_serial
FROM partial_payments
JOIN orders ON orders.serial = partial_payments.order_serial
WHERE orders.pay_deadline_s <= :now
