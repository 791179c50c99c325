INSERT INTO exchange_keys (base_url, master_pub, keys, fetched_at, expires)
VALUES (:base_url, :master_pub, :keys, :fetched_at, :expires)
ON CONFLICT (base_url, master_pub) DO UPDATE
SET keys = excluded.keys, fetched_at = excluded.fetched_at, expires = excluded.expires
