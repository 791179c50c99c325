UPDATE melts SET is_revealed = 1, transfer_pub = :transfer_pub WHERE serial = :serial AND is_revealed = 0
