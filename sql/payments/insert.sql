INSERT INTO payments (order_serial, method, reference, amount, session_id, paid_at_s)
VALUES (:order_serial, :method, :reference, :amount, :session_id, :paid_at_s)
