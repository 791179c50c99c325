SELECT amount, exchange_pub, exchange_sig
FROM refunds
WHERE deposit = :deposit AND rtransaction_id = :rtransaction_id
