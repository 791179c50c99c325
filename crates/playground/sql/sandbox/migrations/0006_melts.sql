-- Coins that were changed into others, wholly or in part.
CREATE TABLE melts (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    commitment         BLOB    NOT NULL UNIQUE CHECK (length(commitment) = 64), -- names it, and what is to come of it
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- the old coin
    amount             INTEGER NOT NULL CHECK (amount > 0),     -- what was taken off it, all fees included
    fee                INTEGER NOT NULL CHECK (fee BETWEEN 0 AND amount), -- the refresh fee
    coin_sig           BLOB    NOT NULL CHECK (length(coin_sig) = 64), -- the old coin's permission
    noreveal_index     INTEGER NOT NULL CHECK (noreveal_index BETWEEN 0 AND 2), -- the candidate that stays hidden
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), -- the confirmation
    candidates         TEXT,                                    -- what the melt said of the new coins, as JSON; NULL: the reveal says it (up to protocol 25)
    transfer_pub       BLOB    CHECK (length(transfer_pub) = 32), -- the hidden transfer key, as the reveal said (up to protocol 25)
    is_revealed        INTEGER NOT NULL CHECK (is_revealed IN (0, 1)) -- 1: the new coins are signed
) STRICT;

CREATE INDEX melts_by_coin ON melts (coin);

-- The new coins of a melt, as they were signed: which ones, the exchange does not know.
CREATE TABLE fresh_coins (
    melt               INTEGER NOT NULL REFERENCES melts (serial), -- what they come of
    place              INTEGER NOT NULL CHECK (place >= 0),     -- which of them, counted from 0
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what it is worth
    ev_sig             BLOB    NOT NULL,                        -- the blind signature, to be given again
    link_sig           BLOB    CHECK (length(link_sig) = 64),   -- the old coin's word for it (up to protocol 25)
    PRIMARY KEY (melt, place)
) STRICT;

-- What became of each coin, in the order in which it happened.
CREATE TABLE coin_history (
    serial             INTEGER PRIMARY KEY,                     -- names the entry
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- whose it is
    deposit            INTEGER UNIQUE REFERENCES deposits (serial), -- it paid
    refund             INTEGER UNIQUE REFERENCES refunds (serial), -- a payment came back
    melt               INTEGER UNIQUE REFERENCES melts (serial), -- it was changed
    CHECK ((deposit IS NOT NULL) + (refund IS NOT NULL) + (melt IS NOT NULL) = 1)
) STRICT;

CREATE INDEX coin_history_by_coin ON coin_history (coin, serial);

INSERT INTO coin_history (coin, deposit) SELECT coin, serial FROM deposits ORDER BY serial;
INSERT INTO coin_history (coin, refund)
SELECT d.coin, r.serial FROM refunds r JOIN deposits d ON d.serial = r.deposit ORDER BY r.serial;

ALTER TABLE refunds ADD COLUMN merchant_sig BLOB CHECK (length(merchant_sig) = 64); -- who asked; NULL: made before this was kept
