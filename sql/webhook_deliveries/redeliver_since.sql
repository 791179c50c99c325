UPDATE webhook_deliveries
SET state = 0, attempts = 0, next_attempt_s = :now_s, scheduled_at_s = :now_s, ended_at_s = NULL
WHERE serial IN (
    SELECT serial FROM webhook_deliveries
    WHERE webhook_serial = :webhook_serial AND state IN (2, 3) AND ended_at_s >= :since_s
    ORDER BY serial LIMIT :limit
)
