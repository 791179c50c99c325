DELETE FROM tokens WHERE instance = :instance AND serial = :serial
