DELETE FROM units WHERE instance_serial = :instance AND unit = :unit
