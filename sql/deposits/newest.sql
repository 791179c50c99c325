-- scans: a comparison with an exchange's records reads every row
SELECT
    orders.order_id, orders.instance_serial, orders.h_contract, orders.terms ->> 'h_wire', deposits.coin,
    deposits.deposit_fee, deposits.exchange_sig IS NOT NULL
FROM deposits
JOIN orders ON orders.serial = deposits.order_serial
WHERE orders.h_contract IS NOT NULL
    AND (deposits.exchange_sig IS NOT NULL OR deposits.sent_at_s IS NOT NULL)
ORDER BY deposits.serial DESC
LIMIT :limit
