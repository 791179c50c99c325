-- scans: only what is unfinished is in the index
SELECT DISTINCT deposits.order_serial, deposits.coin ->> 'exchange_url' AS exchange_url
FROM coin_refunds
JOIN deposits ON deposits.serial = coin_refunds.deposit_serial
WHERE coin_refunds.requested = 1 AND coin_refunds.exchange_sig IS NULL
    AND coin_refunds.refused_status IS NULL
ORDER BY deposits.order_serial
