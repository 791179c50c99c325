SELECT keys, fetched_at_s, expires_at_s
FROM exchange_keys
WHERE base_url = :base_url AND master_pub = :master_pub
