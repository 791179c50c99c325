-- What receipts say of a shop besides the name and address that are in its contracts.
CREATE TABLE receipt_details (
    instance_serial  INTEGER PRIMARY KEY REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    tax_number       TEXT    NOT NULL                           -- under which the shop pays its taxes, as it writes it
) STRICT;
