-- scans: there are few instances
SELECT 1
FROM instances
WHERE deletion > 0 AND private_key IS NOT NULL
LIMIT 1
