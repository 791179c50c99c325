SELECT
    orders.paid_at_s AS at_s, deposits.coin ->> 'contribution' AS plus, deposits.deposit_fee AS minus
FROM orders
JOIN deposits ON deposits.order_serial = orders.serial
WHERE orders.instance_serial = :instance AND orders.paid_at_s >= :from_s
    AND deposits.exchange_sig IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM coin_refunds
        WHERE coin_refunds.deposit_serial = deposits.serial AND coin_refunds.refund_serial IS NULL
            AND coin_refunds.refused_status IS NULL
    )
