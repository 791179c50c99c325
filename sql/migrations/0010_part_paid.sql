-- Orders for which an exchange has taken coins, but not enough of them yet. Either more come, or
-- these go back once the time to pay is over.
CREATE TABLE part_paid (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE -- which
) STRICT;

INSERT INTO part_paid (order_serial)
SELECT DISTINCT deposits.order_serial
FROM deposits
JOIN orders ON orders.serial = deposits.order_serial
WHERE deposits.exchange_sig IS NOT NULL AND orders.paid_at_s IS NULL;
