INSERT INTO order_pots (order_serial, pot_serial, amount) VALUES (:order_serial, :pot_serial, :amount)
