SELECT private_key IS NULL OR deletion > 0 AS is_deleted
FROM instances
WHERE serial = :instance
