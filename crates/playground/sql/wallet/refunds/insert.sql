INSERT INTO refunds (spending, rtransaction_id, amount, exchange_pub, exchange_sig)
VALUES (:spending, :rtransaction_id, :amount, :exchange_pub, :exchange_sig)
ON CONFLICT (spending, rtransaction_id) DO NOTHING
