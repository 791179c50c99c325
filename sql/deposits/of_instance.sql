-- Reads every coin of the instance: only for a list with a coin of no open order.
SELECT deposits.order_serial, deposits.coin_pub, orders.h_contract
FROM deposits
JOIN orders ON orders.serial = deposits.order_serial
WHERE orders.instance_serial = :instance AND orders.h_contract IS NOT NULL
