UPDATE webhooks SET failing_since_s = coalesce(failing_since_s, :now_s) WHERE serial = :webhook_serial
