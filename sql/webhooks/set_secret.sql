UPDATE webhooks SET secret = :secret, old_secret = :old_secret, old_secret_until_s = :old_secret_until_s
WHERE serial = :webhook_serial
