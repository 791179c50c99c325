DELETE FROM instances WHERE serial = :serial
