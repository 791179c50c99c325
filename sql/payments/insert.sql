INSERT INTO payments (order_serial, method, reference, amount, given, session_id, paid_at_s)
VALUES (:order_serial, :method, :reference, :amount, :given, :session_id, :paid_at_s)
