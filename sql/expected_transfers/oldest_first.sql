ORDER BY expected_transfers.serial
LIMIT :limit
