UPDATE webhook_deliveries SET state = 3, next_attempt_s = NULL, ended_at_s = :now_s
WHERE webhook_serial = :webhook_serial AND state = 0
