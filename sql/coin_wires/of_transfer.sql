SELECT
    deposits.order_serial, orders.order_id, orders.h_contract, deposits.coin_pub,
    coin_wires.deposit_value, coin_wires.deposit_fee, coin_wires.refund_total
FROM coin_wires
JOIN deposits ON deposits.serial = coin_wires.deposit_serial
JOIN orders ON orders.serial = deposits.order_serial
WHERE coin_wires.expected_serial = :expected_serial
ORDER BY coin_wires.position
