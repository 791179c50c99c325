DELETE FROM tokens WHERE expires_at_s < :before_s
