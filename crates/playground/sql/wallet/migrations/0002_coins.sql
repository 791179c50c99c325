-- Money that is, or was, on its way into the wallet.
CREATE TABLE withdrawals (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were begun
    exchange           INTEGER NOT NULL REFERENCES exchanges (serial), -- from where
    reserve_seed       BLOB    NOT NULL CHECK (length(reserve_seed) = 32), -- the reserve's private key
    price              TEXT    NOT NULL,                        -- what all coins cost, their fees included
    is_topped_up       INTEGER NOT NULL CHECK (is_topped_up IN (0, 1)), -- 1: the reserve had so much
    is_done            INTEGER NOT NULL CHECK (is_done IN (0, 1)) -- 1: nothing more is to come
) STRICT;

CREATE INDEX withdrawals_open ON withdrawals (serial) WHERE is_done = 0;

-- Coins, from the moment before anybody hears of them.
CREATE TABLE coins (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    withdrawal         INTEGER NOT NULL REFERENCES withdrawals (serial), -- how they came
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what makes them coins
    coin_pub           BLOB    NOT NULL UNIQUE CHECK (length(coin_pub) = 32), -- names the coin
    coin_seed          BLOB    NOT NULL CHECK (length(coin_seed) = 32), -- its private key
    blinding_seed      BLOB    CHECK (length(blinding_seed) = 32), -- what hides it; NULL: no longer needed
    ub_sig             TEXT,                                    -- the signature that makes it a coin, as JSON; NULL: not yet
    remaining          TEXT,                                    -- what can still be spent; NULL: nothing
    is_doubted         INTEGER NOT NULL CHECK (is_doubted IN (0, 1)), -- 1: a shop was told that it is spent
    CHECK (ub_sig IS NOT NULL OR remaining IS NULL)
) STRICT;

CREATE INDEX coins_spendable ON coins (denomination) WHERE remaining IS NOT NULL AND is_doubted = 0;
CREATE INDEX coins_unsigned ON coins (withdrawal) WHERE ub_sig IS NULL;
