UPDATE webhook_deliveries
SET state = :state, attempts = attempts + 1, next_attempt_s = :next_attempt_s, scheduled_at_s = :now_s,
    last_attempt_s = :last_attempt_s, last_http_status = :last_http_status, last_error = :last_error,
    took_ms = :took_ms, answer_head = :answer_head, ended_at_s = :ended_at_s
WHERE serial = :serial AND state = 0
