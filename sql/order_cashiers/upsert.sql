INSERT INTO order_cashiers (order_serial, cashier_serial) VALUES (:order_serial, :cashier)
ON CONFLICT (order_serial) DO UPDATE SET cashier_serial = excluded.cashier_serial
