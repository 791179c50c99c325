-- Coins that have been spent, wholly or in part. Of others the exchange has never heard.
CREATE TABLE coins (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they turned up
    coin_pub           BLOB    NOT NULL UNIQUE CHECK (length(coin_pub) = 32), -- names the coin
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what made it
    ub_sig             TEXT    NOT NULL,                        -- the signature that made it, as JSON
    h_age_commitment   BLOB    NOT NULL CHECK (length(h_age_commitment) = 32), -- zeros: it has none
    value              INTEGER NOT NULL CHECK (value > 0),      -- what it was worth when new
    spent              INTEGER NOT NULL CHECK (spent >= 0),     -- all contributions
    refunded           INTEGER NOT NULL CHECK (refunded >= 0),  -- all that came back, less the fees
    CHECK (spent - refunded BETWEEN 0 AND value)
) STRICT;
