-- What the sandbox exchange is: its master key, and the keys that the master key vouches for.
CREATE TABLE identity (
    only_row           INTEGER PRIMARY KEY CHECK (only_row = 1), -- there is one exchange a file
    master_seed        BLOB    NOT NULL CHECK (length(master_seed) = 32), -- the master key; secret
    currency           TEXT    NOT NULL,                        -- of every amount in the file
    made_at_s          INTEGER NOT NULL                         -- seconds since 1970; wire fees count years from here
) STRICT;

CREATE TABLE signing_keys (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    seed               BLOB    NOT NULL CHECK (length(seed) = 32), -- the key; secret
    start_s            INTEGER NOT NULL,                        -- from when on it signs, seconds since 1970
    expire_s           INTEGER NOT NULL,                        -- until when it signs, seconds since 1970
    end_s              INTEGER NOT NULL                         -- until when its signatures are evidence
) STRICT;

-- Amounts in this file are units of 10^-8 of the currency.
CREATE TABLE denominations (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    h_denom            BLOB    NOT NULL UNIQUE CHECK (length(h_denom) = 64), -- names it
    value              INTEGER NOT NULL CHECK (value > 0),      -- what a coin is worth
    fee_withdraw       INTEGER NOT NULL CHECK (fee_withdraw >= 0), -- what withdrawing a coin costs
    fee_deposit        INTEGER NOT NULL CHECK (fee_deposit >= 0), -- what depositing some of a coin costs
    fee_refresh        INTEGER NOT NULL CHECK (fee_refresh >= 0), -- what changing a coin costs
    fee_refund         INTEGER NOT NULL CHECK (fee_refund >= 0), -- what refunding a coin costs
    age_mask           INTEGER NOT NULL CHECK (age_mask >= 0),  -- its age groups; 0: it has none
    public_key         BLOB    NOT NULL,                        -- RSA, in wire form
    private_exponent   BLOB    NOT NULL,                        -- big-endian; secret
    revoked            INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1)), -- 1: its coins are refused
    start_s            INTEGER NOT NULL,                        -- from when on coins are issued, seconds since 1970
    expire_withdraw_s  INTEGER NOT NULL,                        -- until when they are issued
    expire_deposit_s   INTEGER NOT NULL,                        -- until when they can be spent
    expire_legal_s     INTEGER NOT NULL                         -- until when the key is evidence
) STRICT;
