FROM webhooks WHERE instance_serial = :instance AND webhook_id = :webhook_id
