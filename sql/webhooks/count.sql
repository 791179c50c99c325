SELECT count(*) FROM webhooks WHERE instance_serial = :instance
