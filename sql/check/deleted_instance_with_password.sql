-- scans: a check looks at every row
SELECT 'instance ' || id || ' is deleted but still has a password'
FROM instances
WHERE (private_key IS NULL OR deletion > 0) AND password_hash IS NOT NULL
