-- scans: once, when the daemon starts
UPDATE webhook_deliveries
SET next_attempt_s = :now_s + max(0, next_attempt_s - scheduled_at_s), scheduled_at_s = :now_s
WHERE state = 0 AND scheduled_at_s > :now_s
