SELECT seen_at_s
FROM clock
WHERE id = 1
