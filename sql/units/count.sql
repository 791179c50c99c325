SELECT count(*) FROM units WHERE instance_serial = :instance
