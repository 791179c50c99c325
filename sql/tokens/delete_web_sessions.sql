DELETE FROM tokens
WHERE instance_serial = :instance AND kind = 'web' AND serial IS NOT :except
