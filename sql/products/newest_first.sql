ORDER BY serial DESC
LIMIT :limit
