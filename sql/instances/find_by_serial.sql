WHERE serial = :instance
