SELECT wired
FROM orders
WHERE serial = :order_serial
