UPDATE refreshes SET state = 'melted', noreveal_index = :noreveal_index
WHERE serial = :serial AND state = 'melting'
