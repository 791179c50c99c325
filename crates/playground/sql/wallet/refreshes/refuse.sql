UPDATE refreshes SET state = 'refused' WHERE serial = :serial AND state = 'melting'
