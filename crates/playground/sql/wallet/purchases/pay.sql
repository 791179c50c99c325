UPDATE purchases SET state = 'paid', receipt = :receipt, reason = NULL
WHERE serial = :serial AND state = 'paying'
