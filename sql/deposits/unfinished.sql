-- scans: only what is unfinished is in the index
SELECT DISTINCT order_serial
FROM deposits
WHERE exchange_sig IS NULL AND NOT EXISTS (
    SELECT 1
    FROM coin_refunds
    WHERE deposit_serial = deposits.serial AND refused_status IS NULL
)
ORDER BY order_serial
