SELECT
    payto_uri, salt, h_wire, active, credit_facade_url, credit_facade_credentials,
    extra_wire_subject_metadata
FROM accounts
