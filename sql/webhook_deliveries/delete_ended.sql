DELETE FROM webhook_deliveries
WHERE serial IN (
    SELECT serial FROM webhook_deliveries
    WHERE state <> 0 AND state = :state AND ended_at_s < :before_s
    ORDER BY ended_at_s LIMIT :limit
)
