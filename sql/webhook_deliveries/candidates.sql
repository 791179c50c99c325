-- scans: the webhooks, at most 50 an instance; each takes two lookups
SELECT webhooks.serial AS webhook_serial, webhooks.url, webhooks.failing_since_s IS NOT NULL AS is_failing,
    waiting.serial, waiting.next_attempt_s
FROM webhooks
JOIN webhook_deliveries AS waiting ON waiting.serial IN (
    (
        SELECT serial FROM webhook_deliveries
        WHERE webhook_serial = webhooks.serial AND state = 0 AND attempts < 3
        ORDER BY serial LIMIT 1
    ),
    (
        SELECT serial FROM webhook_deliveries
        WHERE webhook_serial = webhooks.serial AND state = 0 AND attempts >= 3
        ORDER BY next_attempt_s LIMIT 1
    )
)
WHERE webhooks.active = 1
