SELECT order_serial, account_serial, tries
FROM settlements
WHERE exchange_url = :exchange_url AND state = 0 AND due_s <= :now_s
ORDER BY due_s
LIMIT 1
