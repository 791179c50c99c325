SELECT
    exchange_url, state, trouble_code, trouble_coin, trouble_status, trouble_exchange_code
FROM settlements
WHERE order_serial = :order_serial
ORDER BY exchange_url
