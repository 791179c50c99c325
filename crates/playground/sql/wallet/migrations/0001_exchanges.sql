-- Exchanges whose coins the wallet has had. A master key, once seen, is never another one.
CREATE TABLE exchanges (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were met
    base_url           TEXT    NOT NULL UNIQUE,                 -- where it is
    master_pub         BLOB    NOT NULL CHECK (length(master_pub) = 32), -- what its keys are verified with
    currency           TEXT    NOT NULL                         -- what its coins are in
) STRICT;

-- Denominations of the wallet's coins, as the master key has signed them.
CREATE TABLE denominations (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were met
    exchange           INTEGER NOT NULL REFERENCES exchanges (serial), -- who issues it
    h_denom            BLOB    NOT NULL CHECK (length(h_denom) = 64), -- names it
    rsa_pub            BLOB    NOT NULL,                        -- the key that signs its coins, in wire form
    value              TEXT    NOT NULL,                        -- what a new coin is worth
    fee_withdraw       TEXT    NOT NULL,                        -- what it costs to get one
    fee_deposit        TEXT    NOT NULL,                        -- what it costs to pay with one
    fee_refund         TEXT    NOT NULL,                        -- what it costs to get a payment back
    expire_deposit_s   INTEGER,                                 -- until when coins are taken; NULL: for ever
    UNIQUE (exchange, h_denom)
) STRICT;
