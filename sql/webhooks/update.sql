UPDATE webhooks
SET event_type = :event_type, url = :url, http_method = :http_method, header_template = :header_template,
    body_template = :body_template, active = 1, disabled_why = NULL, failing_since_s = NULL
WHERE instance_serial = :instance AND webhook_id = :webhook_id
