SELECT name
FROM order_cashiers JOIN cashiers ON cashiers.serial = order_cashiers.cashier_serial
WHERE order_serial = :order_serial
