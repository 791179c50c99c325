SELECT credit_amount
FROM transfers
WHERE account_serial = :account_serial AND exchange_url = :exchange_url AND wtid = :wtid
