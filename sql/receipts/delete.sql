DELETE FROM receipt_details WHERE instance_serial = :instance
