SELECT root FROM addresses WHERE instance = :instance ORDER BY used_at_s DESC, root
