DELETE FROM money_pots WHERE instance_serial = :instance AND serial = :serial
