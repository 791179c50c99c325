INSERT INTO exchange_keys (base_url, master_pub, keys, fetched_at_s, expires_at_s)
VALUES (:base_url, :master_pub, :keys, :fetched_at_s, :expires_at_s)
ON CONFLICT (base_url, master_pub) DO UPDATE
SET keys = excluded.keys, fetched_at_s = excluded.fetched_at_s, expires_at_s = excluded.expires_at_s
