SELECT
    (
        SELECT count(*) FROM webhooks
        JOIN webhook_deliveries AS waiting ON waiting.webhook_serial = webhooks.serial AND waiting.state = 0
        WHERE webhooks.instance_serial = :instance
    ) AS deliveries,
    (
        SELECT coalesce(sum(octet_length(variables)), 0) FROM webhook_events
        WHERE serial IN (
            SELECT waiting.event_serial FROM webhooks
            JOIN webhook_deliveries AS waiting ON waiting.webhook_serial = webhooks.serial AND waiting.state = 0
            WHERE webhooks.instance_serial = :instance
        )
    ) AS variables_bytes
