WHERE instance_serial = :instance AND unit = :unit
