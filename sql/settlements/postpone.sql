UPDATE settlements
SET due_s = :due_s, tries = :tries, trouble_code = :trouble_code, trouble_coin = :trouble_coin,
    trouble_status = :trouble_status, trouble_exchange_code = :trouble_exchange_code
WHERE order_serial = :order_serial AND exchange_url = :exchange_url AND state = 0
