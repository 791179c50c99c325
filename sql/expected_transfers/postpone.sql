UPDATE expected_transfers
SET next_ask_s = :next_ask_s, tries = :tries, last_status = :last_status, last_code = :last_code,
    last_detail = :last_detail
WHERE serial = :serial
