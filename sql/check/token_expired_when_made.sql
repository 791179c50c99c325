-- scans: a check looks at every row
SELECT 'token ' || serial || ' had expired before it was made'
FROM tokens
WHERE expires_at_s < created_at_s
