-- How an order was paid, where no coins were.
CREATE TABLE payments (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE, -- which was paid
    method        TEXT    NOT NULL,                             -- cash, card, bank or another word
    reference     TEXT,                                         -- the shop's mark on it; NULL: none
    amount        TEXT    NOT NULL,                             -- what was paid, like EUR:1.5
    session_id    TEXT,                                         -- the session it was made for; NULL: none
    paid_at_s     INTEGER NOT NULL                              -- seconds since 1970
) STRICT;
