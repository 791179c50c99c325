-- scans: purchases from the newest on, of which a few are asked for
WHERE state = 'paid'
ORDER BY serial DESC
LIMIT :limit
