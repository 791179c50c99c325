SELECT text FROM images WHERE hash = :hash OR url_hash = :hash
ORDER BY serial
LIMIT 1
