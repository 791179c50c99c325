UPDATE settlements
SET state = :state, closed_at_s = :now_s, trouble_code = NULL, trouble_coin = NULL, trouble_status = NULL,
    trouble_exchange_code = NULL
WHERE order_serial = :order_serial AND exchange_url = :exchange_url AND state = 0
