SELECT ifnull(sum(size), 0) FROM images WHERE instance_serial = :instance
