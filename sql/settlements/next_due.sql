SELECT min(due_s) AS due_s
FROM settlements
WHERE exchange_url = :exchange_url AND state = 0
