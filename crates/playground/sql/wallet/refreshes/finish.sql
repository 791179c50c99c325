UPDATE refreshes SET state = 'done' WHERE serial = :serial AND state = 'melted'
