ORDER BY serial ASC
LIMIT :limit
