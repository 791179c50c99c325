INSERT INTO refunds (order_serial, amount, reason, granted_at_s, collected_at_s)
VALUES (:order_serial, :amount, :reason, :granted_at_s, :collected_at_s)
