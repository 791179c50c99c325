SELECT amount, reason, granted_at_s, taken_at_s
FROM refunds
WHERE order_serial = :order_serial
ORDER BY serial
