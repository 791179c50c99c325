DELETE FROM webhook_events
WHERE serial IN (
        SELECT event_serial FROM webhook_deliveries
        WHERE state <> 0 AND state = :state AND ended_at_s < :before_s
        ORDER BY ended_at_s LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS others
        WHERE others.event_serial = webhook_events.serial
            AND NOT (others.state = :state AND others.ended_at_s < :before_s)
    )
