SELECT
    transfers.serial, accounts.payto_uri, transfers.exchange_url, transfers.wtid, transfers.credit_amount,
    transfers.execution_s, expected_transfers.validated, expected_transfers.total,
    ifnull(expected_transfers.is_named, 0)
FROM transfers
JOIN accounts ON accounts.serial = transfers.account_serial
LEFT JOIN expected_transfers ON expected_transfers.account_serial = transfers.account_serial
    AND expected_transfers.exchange_url = transfers.exchange_url AND expected_transfers.wtid = transfers.wtid
