-- What the back office needs: whether somebody still sits there, and the books of a time range.
ALTER TABLE tokens ADD COLUMN last_used_s INTEGER; -- seconds since 1970, to the minute; NULL: never
ALTER TABLE orders ADD COLUMN claimed_at_s INTEGER; -- seconds since 1970; NULL: unclaimed, or before it was kept

CREATE INDEX orders_by_creation ON orders (instance, created_at_s, serial);
CREATE INDEX orders_by_payment ON orders (instance, paid_at_s, serial) WHERE paid_at_s IS NOT NULL;
CREATE INDEX refunds_by_time ON refunds (granted_at_s, serial);
