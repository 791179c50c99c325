SELECT serial FROM logos WHERE instance_serial = :instance AND hash = :hash
