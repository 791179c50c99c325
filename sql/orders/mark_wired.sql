UPDATE orders
SET wired = 1
WHERE serial = :order_serial AND wired = 0
