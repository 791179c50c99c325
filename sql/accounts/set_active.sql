UPDATE accounts
SET active = :active
WHERE instance_serial = :instance AND h_wire = :h_wire AND active <> :active
