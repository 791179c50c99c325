-- scans: a check looks at every row
SELECT 'instance ' || instances.id || ' is deleted but token ' || tokens.serial || ' still opens it'
FROM tokens
JOIN instances ON instances.serial = tokens.instance_serial
WHERE instances.private_key IS NULL OR instances.deletion > 0
