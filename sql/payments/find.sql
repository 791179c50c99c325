SELECT method, reference, amount, given, session_id, paid_at_s
FROM payments
WHERE order_serial = :order_serial
