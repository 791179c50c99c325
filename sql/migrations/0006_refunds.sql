-- What was given back, grant by grant.
CREATE TABLE refunds (
    serial        INTEGER PRIMARY KEY,                          -- the order of granting
    order_serial  INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- of which order
    amount        TEXT    NOT NULL,                             -- by how much the total rose, like EUR:0.5
    reason        TEXT    NOT NULL,                             -- why, in the shop's words
    granted_at_s  INTEGER NOT NULL,                             -- seconds since 1970
    taken_at_s    INTEGER                                       -- when the customer got it; NULL: not yet
) STRICT;

CREATE INDEX refunds_by_order ON refunds (order_serial, serial);
