SELECT root FROM addresses WHERE instance_serial = :instance ORDER BY used_at_s DESC, root
