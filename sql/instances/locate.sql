SELECT serial, private_key IS NULL AS is_deleted
FROM instances
WHERE id = :id
