SELECT keys, fetched_at, expires
FROM exchange_keys
WHERE base_url = :base_url AND master_pub = :master_pub
