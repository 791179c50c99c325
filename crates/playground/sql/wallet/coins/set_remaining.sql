UPDATE coins SET remaining = :remaining WHERE serial = :serial
