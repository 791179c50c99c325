-- scans: only what is unfinished is in the table and in the index
SELECT orders.serial
FROM part_paid
CROSS JOIN orders ON orders.serial = part_paid.order_serial
WHERE orders.instance = :instance
UNION
SELECT orders.serial
FROM deposits
CROSS JOIN orders ON orders.serial = deposits.order_serial
WHERE deposits.exchange_sig IS NULL AND orders.instance = :instance
