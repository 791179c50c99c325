WHERE expected_transfers.serial = :serial AND expected_transfers.instance_serial = :instance
