INSERT INTO coin_wires (
    deposit_serial, expected_serial, execution_s, position, deposit_value, deposit_fee, refund_total
) VALUES (
    :deposit_serial, :expected_serial, :execution_s, :position, :deposit_value, :deposit_fee, :refund_total
)
ON CONFLICT (deposit_serial) DO UPDATE
SET expected_serial = :expected_serial, execution_s = :execution_s, position = :position,
    deposit_value = :deposit_value, deposit_fee = :deposit_fee, refund_total = :refund_total
