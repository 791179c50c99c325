WHERE expected_transfers.instance_serial = :instance AND expected_transfers.serial > :offset
    AND expected_transfers.is_named = 1
