INSERT INTO accounts (
    instance_serial, payto_uri, salt, h_wire, active,
    credit_facade_url, credit_facade_credentials, extra_wire_subject_metadata
) VALUES (
    :instance, :payto_uri, :salt, :h_wire, :active,
    :credit_facade_url, :credit_facade_credentials, :extra_wire_subject_metadata
)
