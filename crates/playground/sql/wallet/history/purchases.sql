-- scans: purchases, all of which are asked for
SELECT p.order_id, p.base_url, p.contract, p.state, p.reason
FROM purchases p
WHERE p.contract IS NOT NULL
ORDER BY p.serial DESC
LIMIT :limit
