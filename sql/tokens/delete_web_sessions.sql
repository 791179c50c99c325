DELETE FROM tokens
WHERE instance = :instance AND kind = 'web' AND serial IS NOT :except
