SELECT serial FROM images WHERE instance_serial = :instance AND url_hash = :url_hash
