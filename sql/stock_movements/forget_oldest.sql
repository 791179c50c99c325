DELETE FROM stock_movements
WHERE product_serial = :product_serial AND serial <= (
    SELECT serial FROM stock_movements
    WHERE product_serial = :product_serial
    ORDER BY serial DESC
    LIMIT 1 OFFSET :most
)
