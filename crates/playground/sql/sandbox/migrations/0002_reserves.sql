-- Money that a wallet may withdraw as coins.
CREATE TABLE reserves (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    reserve_pub        BLOB    NOT NULL UNIQUE CHECK (length(reserve_pub) = 32), -- the wallet's key; names it
    topped_up          INTEGER NOT NULL CHECK (topped_up >= 0), -- all that ever came in
    withdrawn          INTEGER NOT NULL,                        -- all that went out, fees included
    CHECK (withdrawn BETWEEN 0 AND topped_up)
) STRICT;

-- Coins that were signed blindly: which ones, the exchange does not know.
CREATE TABLE withdrawals (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    h_coin_ev          BLOB    NOT NULL UNIQUE CHECK (length(h_coin_ev) = 64), -- names the hidden coin
    reserve            INTEGER NOT NULL REFERENCES reserves (serial), -- who paid for it
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what it is worth
    ev_sig             BLOB    NOT NULL,                        -- the blind signature, to be given again
    made_at_s          INTEGER NOT NULL                         -- seconds since 1970
) STRICT;
