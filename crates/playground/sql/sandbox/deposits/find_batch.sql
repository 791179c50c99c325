SELECT confirmed_at_s, exchange_pub, exchange_sig FROM batches WHERE request_hash = :request_hash
