SELECT serial, transfer_pub FROM melts
WHERE coin = :coin AND is_revealed = 1 AND transfer_pub IS NOT NULL
ORDER BY serial
LIMIT :limit
