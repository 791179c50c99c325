INSERT INTO coin_wires (
    deposit_serial, expected_serial, execution_s, coin_contribution, exchange_pub, exchange_sig
) VALUES (
    :deposit_serial, :expected_serial, :execution_s, :coin_contribution, :exchange_pub, :exchange_sig
)
ON CONFLICT (deposit_serial) DO NOTHING
