SELECT
    serial, amount, reason, granted_at_s, collected_at_s,
    EXISTS (
        SELECT 1
        FROM coin_refunds
        WHERE refund_serial = refunds.serial AND exchange_sig IS NULL AND refused_status IS NULL
    ) AS is_open
FROM refunds
WHERE order_serial = :order_serial
ORDER BY serial
