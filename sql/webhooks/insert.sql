INSERT INTO webhooks (instance_serial, webhook_id, event_type, url, http_method, header_template, body_template,
    secret, active, created_at_s)
VALUES (:instance, :webhook_id, :event_type, :url, :http_method, :header_template, :body_template,
    :secret, 1, :created_at_s)
ON CONFLICT DO NOTHING
