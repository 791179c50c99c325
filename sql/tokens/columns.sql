SELECT
    serial, instance_serial, hash, scope, kind, browser, created_at_s, expires_at_s, description, last_used_s,
    cashier_serial
FROM tokens
