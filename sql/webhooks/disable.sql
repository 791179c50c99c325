UPDATE webhooks SET active = 0, disabled_why = :why WHERE serial = :webhook_serial AND active = 1
