DELETE FROM webhook_deliveries
WHERE serial IN (
    SELECT waiting.serial
    FROM webhooks
    JOIN webhook_deliveries AS waiting ON waiting.webhook_serial = webhooks.serial AND waiting.state = 0
    JOIN webhook_events AS events ON events.serial = waiting.event_serial
    WHERE webhooks.instance_serial = :instance AND webhooks.failing_since_s < :failing_before_s
        AND events.event_type NOT IN ('pay', 'refund')
    ORDER BY waiting.serial DESC LIMIT :limit
)
