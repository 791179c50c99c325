INSERT INTO refunds (spending, rtransaction_id, amount, exchange_pub, exchange_sig, made_at_s)
VALUES (:spending, :rtransaction_id, :amount, :exchange_pub, :exchange_sig, :made_at_s)
ON CONFLICT (spending, rtransaction_id) DO NOTHING
