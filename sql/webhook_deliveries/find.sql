SELECT webhook_serial, event_serial, attempts FROM webhook_deliveries WHERE serial = :serial AND state = 0
