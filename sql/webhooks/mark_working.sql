UPDATE webhooks SET last_success_s = :now_s, failing_since_s = NULL WHERE serial = :webhook_serial
