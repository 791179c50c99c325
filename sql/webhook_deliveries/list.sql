SELECT deliveries.serial, events.event_id, events.event_type, orders.order_id, deliveries.state,
    deliveries.attempts, deliveries.next_attempt_s, deliveries.last_attempt_s, deliveries.last_http_status,
    deliveries.last_error, deliveries.took_ms, deliveries.answer_head
FROM webhook_deliveries AS deliveries
JOIN webhook_events AS events ON events.serial = deliveries.event_serial
LEFT JOIN orders ON orders.serial = events.order_serial
WHERE deliveries.webhook_serial = :webhook_serial AND deliveries.serial < :before
    AND (:state IS NULL OR deliveries.state = :state)
ORDER BY deliveries.serial DESC LIMIT :limit
