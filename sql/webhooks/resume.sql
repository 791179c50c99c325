UPDATE webhooks SET active = 1, disabled_why = NULL, failing_since_s = NULL WHERE serial = :webhook_serial
