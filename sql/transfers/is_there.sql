SELECT 1
FROM transfers
WHERE serial = :serial AND instance_serial = :instance
