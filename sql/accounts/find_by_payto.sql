WHERE instance_serial = :instance AND payto_uri = :payto_uri
