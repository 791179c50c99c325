ORDER BY transfers.serial
LIMIT :limit
