ORDER BY transfers.serial DESC
LIMIT :limit
