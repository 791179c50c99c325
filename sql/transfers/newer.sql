WHERE transfers.instance_serial = :instance AND transfers.serial > :offset
