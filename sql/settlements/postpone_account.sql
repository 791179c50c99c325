UPDATE settlements
SET due_s = :until_s
WHERE (order_serial, exchange_url) IN (
    SELECT order_serial, exchange_url
    FROM settlements
    WHERE exchange_url = :exchange_url AND state = 0 AND due_s < :until_s AND account_serial = :account_serial
    LIMIT :limit
)
