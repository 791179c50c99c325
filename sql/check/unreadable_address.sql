-- scans: a check looks at every row
SELECT 'instance ' || id || ' has an address that is no JSON'
FROM instances
WHERE NOT json_valid(address) OR NOT json_valid(jurisdiction)
