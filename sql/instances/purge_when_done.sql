-- scans: there are few instances, and only what is unfinished is in the index of refunds
DELETE FROM instances
WHERE deletion = 2 AND NOT EXISTS (
    SELECT 1
    FROM coin_refunds
    CROSS JOIN deposits ON deposits.serial = coin_refunds.deposit_serial
    CROSS JOIN orders ON orders.serial = deposits.order_serial
    WHERE coin_refunds.requested = 1 AND coin_refunds.exchange_sig IS NULL
        AND coin_refunds.refused_status IS NULL AND orders.instance_serial = instances.serial
)
