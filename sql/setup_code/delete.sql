DELETE FROM setup_code WHERE id = 1
