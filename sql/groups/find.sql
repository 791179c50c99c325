WHERE instance_serial = :instance AND serial = :serial
