SELECT 1
FROM deposits
WHERE order_serial = :order_serial
LIMIT 1
