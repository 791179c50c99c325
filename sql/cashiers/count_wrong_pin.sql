UPDATE cashiers SET wrong_pins = :wrong_pins, locked_until_s = :locked_until_s
WHERE serial = :serial
