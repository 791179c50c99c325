SELECT count(*) FROM money_pots WHERE instance_serial = :instance
