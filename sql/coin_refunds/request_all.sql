UPDATE coin_refunds
SET requested = 1
WHERE exchange_sig IS NULL AND refused_status IS NULL AND deposit_serial IN (
    SELECT deposits.serial
    FROM orders
    JOIN deposits ON deposits.order_serial = orders.serial
    WHERE orders.instance_serial = :instance
)
