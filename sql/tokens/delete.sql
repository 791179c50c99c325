DELETE FROM tokens WHERE instance_serial = :instance AND serial = :serial
