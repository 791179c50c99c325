-- scans: only what is unfinished is in the index and in the table
SELECT
    (
        SELECT count(*)
        FROM deposits
        CROSS JOIN orders ON orders.serial = deposits.order_serial
        WHERE deposits.exchange_sig IS NULL AND orders.instance_serial = :instance AND NOT EXISTS (
            SELECT 1
            FROM coin_refunds
            WHERE coin_refunds.deposit_serial = deposits.serial
                AND coin_refunds.refused_status IS NULL
        )
    ) AS deposits,
    (
        SELECT count(*)
        FROM partial_payments
        CROSS JOIN orders ON orders.serial = partial_payments.order_serial
        WHERE orders.instance_serial = :instance
    ) AS part_paid_orders,
    (
        SELECT count(DISTINCT coalesce(coin_refunds.refund_serial, -coin_refunds.serial))
        FROM orders
        CROSS JOIN deposits ON deposits.order_serial = orders.serial
        CROSS JOIN coin_refunds ON coin_refunds.deposit_serial = deposits.serial
        WHERE coin_refunds.exchange_sig IS NULL AND coin_refunds.refused_status IS NULL
            AND orders.instance_serial = :instance
    ) AS refunds
