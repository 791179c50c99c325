SELECT serial
FROM accounts
WHERE instance_serial = :instance AND h_wire = :h_wire
