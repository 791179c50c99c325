SELECT 1
FROM deposits
JOIN coin_refunds ON coin_refunds.deposit_serial = deposits.serial
WHERE deposits.order_serial = :order_serial
LIMIT 1
