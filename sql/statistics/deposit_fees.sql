SELECT coin_wires.execution_s AS at_s, coin_wires.deposit_fee AS plus, NULL AS minus
FROM expected_transfers
JOIN coin_wires ON coin_wires.expected_serial = expected_transfers.serial
WHERE expected_transfers.instance_serial = :instance AND coin_wires.deposit_fee IS NOT NULL
    AND coin_wires.execution_s >= :from_s
