DELETE FROM tokens WHERE instance = :instance
