SELECT private_key IS NULL AS is_deleted
FROM instances
WHERE serial = :instance
