-- scans: once, when the daemon starts
SELECT 1 FROM webhook_deliveries WHERE state = 0 AND scheduled_at_s > :now_s LIMIT 1
