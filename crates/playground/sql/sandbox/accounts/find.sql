SELECT account_pub FROM accounts WHERE payto = :payto
