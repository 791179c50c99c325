-- scans: a check looks at every row
SELECT
    'order ' || orders.order_id || ' has a coin without an answer, and instance '
    || coalesce(instances.id, 'unknown') || ' has no key any more to ask with'
FROM deposits
JOIN orders ON orders.serial = deposits.order_serial
LEFT JOIN instances ON instances.serial = orders.instance_serial
WHERE deposits.exchange_sig IS NULL AND instances.private_key IS NULL AND NOT EXISTS (
    SELECT 1
    FROM coin_refunds
    WHERE coin_refunds.deposit_serial = deposits.serial AND coin_refunds.refused_status IS NULL
)
UNION
SELECT
    'order ' || orders.order_id || ' owes a refund, and instance '
    || coalesce(instances.id, 'unknown') || ' has no key any more to ask with'
FROM coin_refunds
JOIN deposits ON deposits.serial = coin_refunds.deposit_serial
JOIN orders ON orders.serial = deposits.order_serial
LEFT JOIN instances ON instances.serial = orders.instance_serial
WHERE coin_refunds.exchange_sig IS NULL AND coin_refunds.refused_status IS NULL
    AND instances.private_key IS NULL
