WHERE instance_serial = :instance AND serial = :category_serial
