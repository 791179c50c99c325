SELECT method, reference, amount, session_id, paid_at_s
FROM payments
WHERE order_serial = :order_serial
