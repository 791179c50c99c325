UPDATE webhook_deliveries
SET state = 0, attempts = 0, next_attempt_s = :now_s, scheduled_at_s = :now_s, ended_at_s = NULL
WHERE serial = :serial AND webhook_serial = :webhook_serial
