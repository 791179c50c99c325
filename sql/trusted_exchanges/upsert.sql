INSERT INTO trusted_exchanges (base_url, master_pub, currency, added_at_s, removed_at_s)
VALUES (:base_url, :master_pub, :currency, :added_at_s, NULL)
ON CONFLICT (base_url) DO UPDATE
SET
    master_pub = excluded.master_pub, currency = excluded.currency,
    added_at_s = excluded.added_at_s, removed_at_s = NULL
