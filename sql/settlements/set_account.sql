UPDATE settlements
SET account_serial = :account_serial
WHERE order_serial = :order_serial AND exchange_url = :exchange_url AND account_serial IS NULL
