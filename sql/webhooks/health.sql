-- scans: small tables of what fails, read by the operator's monitoring once in a while; waiting deliveries are few
SELECT
    (SELECT count(*) FROM webhook_deliveries WHERE state = 0 AND attempts < 3)
    + (SELECT count(*) FROM webhook_deliveries WHERE state = 0 AND attempts >= 3) AS waiting,
    (SELECT count(*) FROM webhooks WHERE failing_since_s IS NOT NULL OR disabled_why IS NOT NULL) AS failing
