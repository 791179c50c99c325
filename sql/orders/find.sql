WHERE instance_serial = :instance AND order_id = :order_id
