SELECT serial, merchant_pub, payto, total, wire_fee, execution_s FROM transfers WHERE wtid = :wtid
