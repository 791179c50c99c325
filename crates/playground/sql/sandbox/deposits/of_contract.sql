SELECT h_wire, payto, timestamp_s, refund_deadline_s, wire_deadline_s, confirmed_at_s
FROM batches
WHERE merchant_pub = :merchant_pub AND h_contract = :h_contract
ORDER BY serial
LIMIT 1
