SELECT refund_serial, coin_refunds.amount, refused_status, refused_code
FROM deposits JOIN coin_refunds ON coin_refunds.deposit_serial = deposits.serial
WHERE deposits.order_serial = :order_serial AND refund_serial IS NOT NULL
    AND coin_refunds.exchange_sig IS NULL AND refused_status IS NOT NULL
ORDER BY coin_refunds.serial
