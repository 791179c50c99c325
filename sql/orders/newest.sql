SELECT created_at_s
FROM orders
WHERE serial = (SELECT max(serial) FROM orders)
