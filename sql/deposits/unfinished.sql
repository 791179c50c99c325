-- scans: only what is unfinished is in the index
SELECT DISTINCT deposits.order_serial, deposits.coin ->> 'exchange_url' AS exchange_url
FROM deposits
WHERE deposits.exchange_sig IS NULL AND NOT EXISTS (
    SELECT 1
    FROM coin_refunds
    WHERE coin_refunds.deposit_serial = deposits.serial AND coin_refunds.refused_status IS NULL
)
ORDER BY deposits.order_serial
