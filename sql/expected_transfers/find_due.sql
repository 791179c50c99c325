WHERE expected_transfers.exchange_url = :exchange_url AND expected_transfers.next_ask_s <= :now_s
ORDER BY expected_transfers.next_ask_s
LIMIT 1
