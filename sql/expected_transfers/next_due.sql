SELECT min(next_ask_s) AS next_ask_s
FROM expected_transfers
WHERE exchange_url = :exchange_url AND next_ask_s IS NOT NULL
