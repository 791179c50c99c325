FROM webhooks WHERE instance_serial = :instance ORDER BY serial
