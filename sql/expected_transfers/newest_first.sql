ORDER BY expected_transfers.serial DESC
LIMIT :limit
