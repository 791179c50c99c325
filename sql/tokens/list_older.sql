SELECT
    serial, instance, hash, scope, kind, browser, created_at_s, expires_at_s, description, last_used_s
FROM tokens
WHERE instance = :instance AND serial < :offset
ORDER BY serial DESC
LIMIT :limit
