UPDATE coins SET is_doubted = 1 WHERE serial = :serial
