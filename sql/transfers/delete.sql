DELETE FROM transfers
WHERE serial = :serial
