INSERT INTO kyc (instance_serial, h_wire, exchange_url, status, code, reply, asked_at_s)
VALUES (:instance, :h_wire, :exchange_url, :status, :code, :reply, :asked_at_s)
ON CONFLICT (instance_serial, h_wire, exchange_url) DO UPDATE
SET status = :status, code = :code, reply = :reply, asked_at_s = :asked_at_s
