SELECT pot_serial, amount FROM order_pots WHERE order_serial = :order_serial ORDER BY pot_serial
