-- The sum of the migrations, to be read. Written by: TILLD_WRITE_SCHEMA=1 cargo test --test it sql

CREATE TABLE coins (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    withdrawal         INTEGER NOT NULL REFERENCES withdrawals (serial), -- how they came
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- what makes them coins
    coin_pub           BLOB    NOT NULL UNIQUE CHECK (length(coin_pub) = 32), -- names the coin
    coin_seed          BLOB    NOT NULL CHECK (length(coin_seed) = 32), -- its private key
    blinding_seed      BLOB    CHECK (length(blinding_seed) = 32), -- what hides it; NULL: no longer needed
    ub_sig             TEXT,                                    -- the signature that makes it a coin, as JSON; NULL: not yet
    remaining          TEXT,                                    -- what can still be spent; NULL: nothing
    is_doubted         INTEGER NOT NULL CHECK (is_doubted IN (0, 1)), refresh INTEGER REFERENCES refreshes (serial), -- 1: a shop was told that it is spent
    CHECK (ub_sig IS NOT NULL OR remaining IS NULL)
) STRICT;

CREATE INDEX coins_spendable ON coins (denomination) WHERE remaining IS NOT NULL AND is_doubted = 0;

CREATE INDEX coins_unsigned ON coins (withdrawal) WHERE ub_sig IS NULL;

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

CREATE TABLE exchanges (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were met
    base_url           TEXT    NOT NULL UNIQUE,                 -- where it is
    master_pub         BLOB    NOT NULL CHECK (length(master_pub) = 32), -- what its keys are verified with
    currency           TEXT    NOT NULL                         -- what its coins are in
) STRICT;

CREATE TABLE purchases (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were begun
    base_url           TEXT    NOT NULL,                        -- where the shop's API answers
    order_id           TEXT    NOT NULL,                        -- the shop's name for the order
    claim_token        TEXT,                                    -- what the shop gave to claim it with; NULL: nothing
    nonce_seed         BLOB    NOT NULL CHECK (length(nonce_seed) = 32), -- the private key of the wallet that claims
    state              TEXT    NOT NULL CHECK (state IN ('claiming', 'claimed', 'paying', 'paid', 'aborting', 'aborted')), -- how far it is
    contract           TEXT,                                    -- the contract; NULL: not claimed yet
    h_contract         BLOB    CHECK (length(h_contract) = 64), -- its hash
    offer_sig          BLOB    CHECK (length(offer_sig) = 64),  -- the shop's signature under it
    merchant_pub       BLOB    CHECK (length(merchant_pub) = 32), -- the shop's key
    fulfillment_url    TEXT,                                    -- where the bought thing is; NULL: nowhere
    session_id         TEXT,                                    -- the visitor that the payment is bound to; NULL: none
    receipt            BLOB    CHECK (length(receipt) = 64),    -- the shop's signature that it is paid; NULL: it is not
    reason             TEXT,                                    -- why the payment is or was called off
    UNIQUE (base_url, order_id),
    CHECK (state = 'claiming' OR contract IS NOT NULL),
    CHECK (state <> 'paid' OR receipt IS NOT NULL)
) STRICT;

CREATE INDEX purchases_by_page ON purchases (fulfillment_url) WHERE state = 'paid';

CREATE INDEX purchases_open ON purchases (serial) WHERE state IN ('paying', 'aborting');

CREATE TABLE refresh_coins (
    refresh            INTEGER NOT NULL REFERENCES refreshes (serial), -- of which refresh
    place              INTEGER NOT NULL CHECK (place >= 0),     -- which of its coins, counted from 0
    denomination       INTEGER NOT NULL REFERENCES denominations (serial), -- of which kind it is to be
    PRIMARY KEY (refresh, place)
) STRICT;

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

CREATE TABLE refunds (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they came
    spending           INTEGER NOT NULL REFERENCES spendings (serial), -- of what
    rtransaction_id    BLOB    NOT NULL CHECK (length(rtransaction_id) = 8), -- the shop's number, big-endian
    amount             TEXT    NOT NULL,                        -- how much, the refund fee included
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), made_at_s INTEGER, -- the signature
    UNIQUE (spending, rtransaction_id)
) STRICT;

CREATE TABLE spendings (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were booked
    purchase           INTEGER NOT NULL REFERENCES purchases (serial), -- for what
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- with what
    contribution       TEXT    NOT NULL,                        -- how much, the deposit fee included
    UNIQUE (purchase, coin)
) STRICT;

CREATE TABLE withdrawals (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were begun
    exchange           INTEGER NOT NULL REFERENCES exchanges (serial), -- from where
    reserve_seed       BLOB    NOT NULL CHECK (length(reserve_seed) = 32), -- the reserve's private key
    price              TEXT    NOT NULL,                        -- what all coins cost, their fees included
    is_topped_up       INTEGER NOT NULL CHECK (is_topped_up IN (0, 1)), -- 1: the reserve had so much
    is_done            INTEGER NOT NULL CHECK (is_done IN (0, 1)) -- 1: nothing more is to come
, protocol INTEGER NOT NULL DEFAULT 23 CHECK (protocol IN (23, 32)), made_at_s INTEGER) STRICT;

CREATE INDEX withdrawals_open ON withdrawals (serial) WHERE is_done = 0;
