SELECT payto, account_pub
FROM accounts
WHERE h_payto = :h_payto
ORDER BY account_pub IS NULL, serial DESC
LIMIT 1
