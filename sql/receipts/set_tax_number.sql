INSERT INTO receipt_details (instance_serial, tax_number) VALUES (:instance, :tax_number)
ON CONFLICT (instance_serial) DO UPDATE SET tax_number = excluded.tax_number
