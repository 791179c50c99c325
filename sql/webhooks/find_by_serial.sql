FROM webhooks WHERE serial = :webhook_serial
