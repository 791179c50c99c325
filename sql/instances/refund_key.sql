SELECT private_key
FROM instances
WHERE serial = :instance
