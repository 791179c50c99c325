SELECT execution_s AS at_s, wire_fee AS plus, NULL AS minus
FROM expected_transfers
WHERE instance_serial = :instance AND is_paid = 1 AND execution_s >= :from_s
