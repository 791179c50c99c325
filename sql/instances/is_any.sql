-- scans: the first one is enough
SELECT serial
FROM instances
LIMIT 1
