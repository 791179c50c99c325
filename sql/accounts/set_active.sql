UPDATE accounts
SET active = :active
WHERE instance = :instance AND h_wire = :h_wire AND active <> :active
