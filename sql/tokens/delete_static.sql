DELETE FROM tokens WHERE instance = :instance AND kind = 'static'
