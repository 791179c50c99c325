SELECT
    deposits.serial, deposits.coin_pub, expected_transfers.serial, expected_transfers.exchange_url,
    expected_transfers.wtid, expected_transfers.last_code, expected_transfers.last_status,
    coin_wires.execution_s, coin_wires.deposit_value, coin_wires.deposit_fee, coin_wires.refund_total,
    coin_wires.coin_contribution, transfers.serial IS NOT NULL,
    (expected_transfers.is_paid AND coin_wires.position IS NOT NULL) OR transfers.serial IS NOT NULL
FROM deposits
JOIN coin_wires ON coin_wires.deposit_serial = deposits.serial
JOIN expected_transfers ON expected_transfers.serial = coin_wires.expected_serial
LEFT JOIN transfers ON transfers.account_serial = expected_transfers.account_serial
    AND transfers.exchange_url = expected_transfers.exchange_url AND transfers.wtid = expected_transfers.wtid
WHERE deposits.order_serial = :order_serial
ORDER BY deposits.serial
