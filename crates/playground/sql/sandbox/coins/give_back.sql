UPDATE coins SET refunded = refunded + :amount WHERE serial = :serial
