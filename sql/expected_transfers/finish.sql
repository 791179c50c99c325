UPDATE expected_transfers
SET next_ask_s = NULL
WHERE serial = :serial
