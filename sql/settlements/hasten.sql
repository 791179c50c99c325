UPDATE settlements
SET due_s = :now_s
WHERE order_serial = :order_serial AND exchange_url = :exchange_url AND state = 0 AND due_s > :now_s
