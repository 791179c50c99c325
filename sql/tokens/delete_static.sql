DELETE FROM tokens WHERE instance = :instance AND is_static = 1
