SELECT code_hash, expires_at_s
FROM setup_code
WHERE id = 1
