SELECT serial, instance_serial, name, pin_hash, wrong_pins, locked_until_s, created_at_s
FROM cashiers
