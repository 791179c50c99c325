-- scans: a check looks at every row
SELECT 'instance ' || instances.id || ' has ' || count(*) || ' fixed tokens'
FROM tokens
JOIN instances ON instances.serial = tokens.instance
WHERE tokens.is_static = 1
GROUP BY tokens.instance
HAVING count(*) > 1
