SELECT
    (SELECT count(*) FROM webhook_deliveries WHERE webhook_serial = :webhook_serial AND state = 0 AND attempts < 3)
    + (SELECT count(*) FROM webhook_deliveries WHERE webhook_serial = :webhook_serial AND state = 0 AND attempts >= 3)
