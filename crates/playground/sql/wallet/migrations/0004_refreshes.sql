-- Coins that are, or were, changed into others.
CREATE TABLE refreshes (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were begun
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- the old coin
    protocol           INTEGER NOT NULL CHECK (protocol IN (23, 32)), -- how the exchange is spoken to
    seed               BLOB    NOT NULL CHECK (length(seed) = 64), -- what all new coins grow from, with the old coin's key
    amount             TEXT    NOT NULL,                        -- what is taken off the old coin, all fees included
    fee                TEXT    NOT NULL,                        -- the refresh fee in it
    noreveal_index     INTEGER CHECK (noreveal_index BETWEEN 0 AND 2), -- the candidate that stays hidden; NULL: not melted yet
    state              TEXT    NOT NULL CHECK (state IN ('melting', 'melted', 'done', 'refused')), -- how far it is
    made_at_s          INTEGER NOT NULL,                        -- when it was begun, seconds since 1970
    CHECK (state IN ('melting', 'refused') OR noreveal_index IS NOT NULL)
) STRICT;

CREATE INDEX refreshes_open ON refreshes (serial) WHERE state IN ('melting', 'melted');

-- What a coin is to be changed into.
CREATE TABLE refresh_coins (
    refresh            INTEGER NOT NULL REFERENCES refreshes (serial), -- of which refresh
    place              INTEGER NOT NULL CHECK (place >= 0),     -- which of its coins, counted from 0
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- of which kind it is to be
    PRIMARY KEY (refresh, place)
) STRICT;

ALTER TABLE coins ADD COLUMN refresh INTEGER REFERENCES refreshes (serial); -- which change it is; NULL: it was withdrawn itself

ALTER TABLE withdrawals ADD COLUMN protocol INTEGER NOT NULL DEFAULT 23 CHECK (protocol IN (23, 32)); -- how the exchange is spoken to
ALTER TABLE withdrawals ADD COLUMN made_at_s INTEGER; -- when it was begun, seconds since 1970; NULL: before this was kept

ALTER TABLE refunds ADD COLUMN made_at_s INTEGER; -- when it came, seconds since 1970; NULL: before this was kept
