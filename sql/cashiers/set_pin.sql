UPDATE cashiers SET pin_hash = :pin_hash, wrong_pins = 0, locked_until_s = NULL
WHERE serial = :serial AND instance_serial = :instance AND pin_hash IS NOT NULL
