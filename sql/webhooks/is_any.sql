SELECT 1 FROM webhooks WHERE instance_serial = :instance AND event_type = :event_type AND active = 1 LIMIT 1
