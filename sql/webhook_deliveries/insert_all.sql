INSERT INTO webhook_deliveries (webhook_serial, event_serial, state, attempts, next_attempt_s, scheduled_at_s)
SELECT serial, :event_serial, 0, 0, :now_s, :now_s
FROM webhooks WHERE instance_serial = :instance AND event_type = :event_type AND active = 1
