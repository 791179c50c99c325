-- scans: a check looks at every row
SELECT 'instance ' || instances.id || ' has ' || count(*) || ' fixed tokens'
FROM tokens
JOIN instances ON instances.serial = tokens.instance_serial
WHERE tokens.kind = 'static'
GROUP BY tokens.instance_serial
HAVING count(*) > 1
