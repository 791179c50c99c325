SELECT serial, at_s, reason, change_u, left_u, who, note
FROM stock_movements
WHERE product_serial = :product_serial AND serial < :before
ORDER BY serial DESC
LIMIT :limit
