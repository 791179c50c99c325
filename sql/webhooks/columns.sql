SELECT serial, instance_serial, webhook_id, event_type, url, http_method, header_template, body_template,
    secret, old_secret, old_secret_until_s, active, disabled_why, created_at_s, last_success_s, failing_since_s
