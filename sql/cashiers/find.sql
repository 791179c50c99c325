WHERE serial = :serial
