DELETE FROM webhook_events
WHERE serial IN (SELECT event_serial FROM webhook_deliveries WHERE webhook_serial = :webhook_serial)
    AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS others
        WHERE others.event_serial = webhook_events.serial AND others.webhook_serial <> :webhook_serial
    )
