SELECT tax_number FROM receipt_details WHERE instance_serial = :instance
