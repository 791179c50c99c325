-- scans: a check looks at every row
SELECT
    'instance ' || instances.id || ' has account ' || accounts.payto_uri
    || ' with credentials that are no JSON'
FROM accounts
JOIN instances ON instances.serial = accounts.instance_serial
WHERE NOT json_valid(accounts.credit_facade_credentials)
