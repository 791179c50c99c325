SELECT
    expected_transfers.serial, expected_transfers.instance_serial, expected_transfers.account_serial,
    accounts.payto_uri, expected_transfers.exchange_url, expected_transfers.wtid, expected_transfers.is_named,
    expected_transfers.execution_s, expected_transfers.total, expected_transfers.wire_fee,
    expected_transfers.validated, expected_transfers.last_status, expected_transfers.last_code,
    expected_transfers.last_detail, expected_transfers.tries, transfers.credit_amount
FROM expected_transfers
JOIN accounts ON accounts.serial = expected_transfers.account_serial
LEFT JOIN transfers ON transfers.account_serial = expected_transfers.account_serial
    AND transfers.exchange_url = expected_transfers.exchange_url AND transfers.wtid = expected_transfers.wtid
