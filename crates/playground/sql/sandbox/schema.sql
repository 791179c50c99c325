-- The sum of the migrations, to be read. Written by: TILLD_WRITE_SCHEMA=1 cargo test --test it sql

CREATE TABLE accounts (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they turned up
    payto              TEXT    NOT NULL UNIQUE,                 -- the full address, letter by letter
    h_payto            BLOB    NOT NULL CHECK (length(h_payto) = 32), -- hash of the normalised address
    account_pub        BLOB    CHECK (length(account_pub) = 32) -- the key that a transfer from it named; NULL: none yet
) STRICT;

CREATE INDEX accounts_by_hash ON accounts (h_payto);

CREATE TABLE batches (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they came
    request_hash       BLOB    NOT NULL UNIQUE CHECK (length(request_hash) = 64), -- tells the same request again
    merchant_pub       BLOB    NOT NULL CHECK (length(merchant_pub) = 32), -- who asked
    h_contract         BLOB    NOT NULL CHECK (length(h_contract) = 64), -- what was paid
    h_wire             BLOB    NOT NULL CHECK (length(h_wire) = 64), -- the merchant's account, as contracts have it
    payto              TEXT    NOT NULL,                        -- the merchant's account
    wallet_data_hash   BLOB    CHECK (length(wallet_data_hash) = 64), -- what the wallet said; NULL: nothing
    timestamp_s        INTEGER,                                 -- the contract's; NULL: never
    refund_deadline_s  INTEGER NOT NULL,                        -- the contract's; 0: it has none
    wire_deadline_s    INTEGER NOT NULL,                        -- when the money is due
    confirmed_at_s     INTEGER NOT NULL,                        -- as the confirmation says
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64) -- the confirmation
) STRICT;

CREATE INDEX batches_by_account ON batches (merchant_pub, payto, wire_deadline_s);

CREATE INDEX batches_by_contract ON batches (merchant_pub, h_contract);

CREATE TABLE coin_history (
    serial             INTEGER PRIMARY KEY,                     -- names the entry
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- whose it is
    deposit            INTEGER UNIQUE REFERENCES deposits (serial), -- it paid
    refund             INTEGER UNIQUE REFERENCES refunds (serial), -- a payment came back
    melt               INTEGER UNIQUE REFERENCES melts (serial), -- it was changed
    CHECK ((deposit IS NOT NULL) + (refund IS NOT NULL) + (melt IS NOT NULL) = 1)
) STRICT;

CREATE INDEX coin_history_by_coin ON coin_history (coin, serial);

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

CREATE TABLE deposits (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    batch              INTEGER NOT NULL REFERENCES batches (serial), -- the request that brought it first
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- what paid
    merchant_pub       BLOB    NOT NULL CHECK (length(merchant_pub) = 32), -- whom
    h_contract         BLOB    NOT NULL CHECK (length(h_contract) = 64), -- for what
    contribution       INTEGER NOT NULL CHECK (contribution >= 0), -- how much, the fee included
    fee                INTEGER NOT NULL CHECK (fee BETWEEN 0 AND contribution), -- the deposit fee
    coin_sig           BLOB    NOT NULL CHECK (length(coin_sig) = 64), -- the coin's permission
    refunded           INTEGER NOT NULL,                        -- how much was taken back, refund fees included
    transfer           INTEGER REFERENCES transfers (serial),   -- how it was paid out; NULL: not yet
    UNIQUE (coin, merchant_pub, h_contract, coin_sig),
    CHECK (refunded BETWEEN 0 AND contribution)
) STRICT;

CREATE INDEX deposits_by_batch ON deposits (batch);

CREATE INDEX deposits_by_transfer ON deposits (transfer) WHERE transfer IS NOT NULL;

CREATE TABLE fresh_coins (
    melt               INTEGER NOT NULL REFERENCES melts (serial), -- what they come of
    place              INTEGER NOT NULL CHECK (place >= 0),     -- which of them, counted from 0
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what it is worth
    ev_sig             BLOB    NOT NULL,                        -- the blind signature, to be given again
    link_sig           BLOB    CHECK (length(link_sig) = 64),   -- the old coin's word for it (up to protocol 25)
    PRIMARY KEY (melt, place)
) STRICT;

CREATE TABLE identity (
    only_row           INTEGER PRIMARY KEY CHECK (only_row = 1), -- there is one exchange a file
    master_seed        BLOB    NOT NULL CHECK (length(master_seed) = 32), -- the master key; secret
    currency           TEXT    NOT NULL,                        -- of every amount in the file
    made_at_s          INTEGER NOT NULL                         -- seconds since 1970; wire fees count years from here
) STRICT;

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

CREATE TABLE refunds (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    deposit            INTEGER NOT NULL REFERENCES deposits (serial), -- what is taken back
    rtransaction_id    BLOB    NOT NULL CHECK (length(rtransaction_id) = 8), -- the merchant's number, big-endian
    amount             INTEGER NOT NULL CHECK (amount > 0),     -- how much, the fee included
    fee                INTEGER NOT NULL CHECK (fee BETWEEN 0 AND amount), -- what the customer lost
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), merchant_sig BLOB CHECK (length(merchant_sig) = 64), -- the confirmation
    UNIQUE (deposit, rtransaction_id)
) STRICT;

CREATE TABLE reserves (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    reserve_pub        BLOB    NOT NULL UNIQUE CHECK (length(reserve_pub) = 32), -- the wallet's key; names it
    topped_up          INTEGER NOT NULL CHECK (topped_up >= 0), -- all that ever came in
    withdrawn          INTEGER NOT NULL,                        -- all that went out, fees included
    CHECK (withdrawn BETWEEN 0 AND topped_up)
) STRICT;

CREATE TABLE signing_keys (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    seed               BLOB    NOT NULL CHECK (length(seed) = 32), -- the key; secret
    start_s            INTEGER NOT NULL,                        -- from when on it signs, seconds since 1970
    expire_s           INTEGER NOT NULL,                        -- until when it signs, seconds since 1970
    end_s              INTEGER NOT NULL                         -- until when its signatures are evidence
) STRICT;

CREATE TABLE transfers (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    wtid               BLOB    NOT NULL UNIQUE CHECK (length(wtid) = 32), -- names it, in the bank's subject
    merchant_pub       BLOB    NOT NULL CHECK (length(merchant_pub) = 32), -- whose money it is
    payto              TEXT    NOT NULL,                        -- where it went
    total              INTEGER NOT NULL CHECK (total > 0),      -- what arrived
    wire_fee           INTEGER NOT NULL CHECK (wire_fee >= 0),  -- what the transfer cost
    execution_s        INTEGER NOT NULL                         -- when, in seconds since 1970
) STRICT;

CREATE TABLE withdrawals (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    h_coin_ev          BLOB    NOT NULL UNIQUE CHECK (length(h_coin_ev) = 64), -- names the hidden coin
    reserve            INTEGER NOT NULL REFERENCES reserves (serial), -- who paid for it
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what it is worth
    ev_sig             BLOB    NOT NULL,                        -- the blind signature, to be given again
    made_at_s          INTEGER NOT NULL                         -- seconds since 1970
) STRICT;
