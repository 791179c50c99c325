DELETE FROM webhook_events
WHERE serial IN (
    SELECT events.serial
    FROM webhooks
    JOIN webhook_deliveries AS waiting ON waiting.webhook_serial = webhooks.serial AND waiting.state = 0
    JOIN webhook_events AS events ON events.serial = waiting.event_serial
    WHERE webhooks.instance_serial = :instance
        AND (events.event_type LIKE 'category%' OR events.event_type LIKE 'inventory%')
    ORDER BY events.serial DESC LIMIT :limit
)
