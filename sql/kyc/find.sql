SELECT status, code, reply, asked_at_s
FROM kyc
WHERE instance_serial = :instance AND h_wire = :h_wire AND exchange_url = :exchange_url
