WHERE instance_serial = :instance AND serial > :offset
ORDER BY serial ASC
LIMIT :limit
