SELECT
    serial, instance, hash, scope, is_static, created_at_s, expires_at_s, description, last_used_s
FROM tokens
WHERE instance = :instance AND serial > :offset
ORDER BY serial
LIMIT :limit
