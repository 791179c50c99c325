-- scans: there are few, and all are wanted
SELECT base_url, master_pub, currency, removed_at_s IS NOT NULL AS is_removed
FROM trusted_exchanges
ORDER BY added_at_s, base_url
