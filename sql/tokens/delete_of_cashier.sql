DELETE FROM tokens WHERE cashier_serial = :cashier
