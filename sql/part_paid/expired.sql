-- scans: only what is unfinished is in the table
SELECT part_paid.order_serial
FROM part_paid
JOIN orders ON orders.serial = part_paid.order_serial
WHERE orders.pay_deadline_s <= :now
