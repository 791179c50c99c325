INSERT INTO setup_code (id, code_hash, expires_at_s)
VALUES (1, :code_hash, :expires_at_s)
ON CONFLICT (id) DO UPDATE
SET code_hash = excluded.code_hash, expires_at_s = excluded.expires_at_s
