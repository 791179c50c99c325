WHERE instance_serial = :instance AND serial < :offset
ORDER BY serial DESC
LIMIT :limit
