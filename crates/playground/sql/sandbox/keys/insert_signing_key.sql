INSERT INTO signing_keys (seed, start_s, expire_s, end_s)
VALUES (:seed, :start_s, :expire_s, :end_s)
