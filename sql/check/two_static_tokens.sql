-- scans: a check looks at every row
SELECT 'instance ' || instances.id || ' has ' || count(*) || ' fixed tokens'
FROM tokens
JOIN instances ON instances.serial = tokens.instance
WHERE tokens.kind = 'static'
GROUP BY tokens.instance
HAVING count(*) > 1
