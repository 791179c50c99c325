UPDATE purchases SET state = :state, reason = coalesce(:reason, reason)
WHERE serial = :serial AND state IN ('claimed', 'paying', 'aborting')
