DELETE FROM addresses
WHERE instance = :instance AND root NOT IN (
    SELECT root FROM addresses WHERE instance = :instance ORDER BY used_at_s DESC, root LIMIT :most
)
