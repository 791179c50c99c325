SELECT 1 FROM money_pots WHERE instance_serial = :instance AND name = :name AND serial <> :serial
