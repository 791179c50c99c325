SELECT instance_serial, event_type, event_id, at_s, order_serial, variables
FROM webhook_events WHERE serial = :event_serial
