-- scans: all of them are kept in memory
SELECT seed, start_s, expire_s, end_s FROM signing_keys ORDER BY serial
