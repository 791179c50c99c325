INSERT INTO refunds (deposit, rtransaction_id, amount, fee, exchange_pub, exchange_sig, merchant_sig)
VALUES (:deposit, :rtransaction_id, :amount, :fee, :exchange_pub, :exchange_sig, :merchant_sig)
