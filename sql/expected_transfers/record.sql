UPDATE expected_transfers
SET execution_s = :execution_s, total = :total, wire_fee = :wire_fee, exchange_pub = :exchange_pub,
    exchange_sig = :exchange_sig, validated = :validated, is_paid = :is_paid, last_status = 200,
    last_code = :last_code, last_detail = :last_detail, reply = :reply, next_ask_s = :next_ask_s,
    tries = :tries
WHERE serial = :serial
