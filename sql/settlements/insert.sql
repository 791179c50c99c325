INSERT INTO settlements (order_serial, exchange_url, account_serial, due_s)
SELECT :order_serial, :exchange_url, serial, :due_s
FROM accounts
WHERE instance_serial = :instance AND h_wire = :h_wire
ON CONFLICT (order_serial, exchange_url) DO NOTHING
