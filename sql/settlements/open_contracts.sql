SELECT settlements.order_serial, orders.h_contract
FROM settlements
JOIN orders ON orders.serial = settlements.order_serial
WHERE settlements.exchange_url = :exchange_url AND settlements.state = 0
    AND orders.instance_serial = :instance
ORDER BY settlements.due_s
