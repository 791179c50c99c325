UPDATE accounts
SET credit_facade_url = :credit_facade_url,
    credit_facade_credentials = :credit_facade_credentials,
    extra_wire_subject_metadata = :extra_wire_subject_metadata
WHERE instance_serial = :instance AND h_wire = :h_wire
