SELECT 1 FROM webhook_deliveries WHERE state <> 0 AND state = :state AND ended_at_s < :before_s LIMIT 1
