-- scans: only what is unfinished is in the table and in the index
SELECT orders.serial
FROM partial_payments
CROSS JOIN orders ON orders.serial = partial_payments.order_serial
WHERE orders.instance_serial = :instance
UNION
SELECT orders.serial
FROM deposits
CROSS JOIN orders ON orders.serial = deposits.order_serial
WHERE deposits.exchange_sig IS NULL AND orders.instance_serial = :instance
