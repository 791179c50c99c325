SELECT 1
FROM transfers
JOIN expected_transfers ON expected_transfers.account_serial = transfers.account_serial
    AND expected_transfers.exchange_url = transfers.exchange_url AND expected_transfers.wtid = transfers.wtid
WHERE transfers.serial = :serial
    AND (
        expected_transfers.validated IS NOT NULL
        OR EXISTS (
            SELECT 1
            FROM coin_wires
            WHERE coin_wires.expected_serial = expected_transfers.serial
        )
    )
