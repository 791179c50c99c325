-- Coins that wallets paid with. Each is kept before it is sent to its exchange, so that none is lost
-- whatever happens meanwhile.
CREATE TABLE deposits (
    serial                INTEGER PRIMARY KEY,                  -- names the row; the order of sending
    order_serial          INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- for which order
    coin_pub              BLOB    NOT NULL CHECK (length(coin_pub) = 32), -- names the coin
    coin                  TEXT    NOT NULL,                     -- JSON object, a CoinPaySig
    deposit_fee           TEXT    NOT NULL,                     -- what the exchange takes, like EUR:0.01
    refund_fee            TEXT    NOT NULL,                     -- what it would take for a refund
    wallet_data_hash      BLOB    CHECK (length(wallet_data_hash) = 64), -- what the wallet signed along; NULL: nothing
    session_id            TEXT,                                 -- the session to pay for; NULL: none
    sent_at_s             INTEGER,                              -- last sent without an answer that decides, seconds since 1970; NULL: the exchange does not have it, and no request with it is on its way
    exchange_timestamp_s  INTEGER,                              -- seconds since 1970; NULL: not confirmed
    exchange_pub          BLOB    CHECK (length(exchange_pub) = 32), -- who confirmed; NULL: not confirmed
    exchange_sig          BLOB    CHECK (length(exchange_sig) = 64), -- the confirmation; NULL: not confirmed
    UNIQUE (order_serial, coin_pub),
    CHECK ((exchange_sig IS NULL) = (exchange_pub IS NULL)),
    CHECK ((exchange_sig IS NULL) = (exchange_timestamp_s IS NULL))
) STRICT;

CREATE INDEX deposits_unconfirmed ON deposits (order_serial) WHERE exchange_sig IS NULL;

-- Orders for which an exchange has taken coins, but not enough of them yet. Either more come, or
-- these go back once the time to pay is over.
CREATE TABLE partial_payments (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE -- which
) STRICT;

-- What of those coins is given back: parts of what the shop granted, or whole coins of payments that
-- came to nothing.
CREATE TABLE coin_refunds (
    serial           INTEGER PRIMARY KEY,                       -- names the row
    deposit_serial   INTEGER NOT NULL REFERENCES deposits (serial) ON DELETE CASCADE, -- of which coin
    refund_serial    INTEGER REFERENCES refunds (serial) ON DELETE CASCADE, -- which grant; NULL: the payment came to nothing
    rtransaction_id  INTEGER NOT NULL,                          -- tells refunds of one coin apart
    amount           TEXT    NOT NULL,                          -- the refund fee included, like EUR:0.5
    made_at_s        INTEGER NOT NULL,                          -- seconds since 1970
    requested        INTEGER NOT NULL CHECK (requested IN (0, 1)), -- 1: to be sent to the exchange
    exchange_pub     BLOB    CHECK (length(exchange_pub) = 32), -- who confirmed; NULL: not confirmed
    exchange_sig     BLOB    CHECK (length(exchange_sig) = 64), -- the confirmation; NULL: not confirmed
    refused_status   INTEGER,                                   -- HTTP status of a refusal for good; NULL: none
    refused_code     INTEGER,                                   -- the exchange's code for it; NULL: none
    refused_reply    TEXT,                                      -- JSON, its own words; NULL: none
    UNIQUE (deposit_serial, rtransaction_id),
    CHECK ((exchange_sig IS NULL) = (exchange_pub IS NULL))
) STRICT;

CREATE INDEX coin_refunds_by_grant ON coin_refunds (refund_serial) WHERE refund_serial IS NOT NULL;
CREATE INDEX coin_refunds_open ON coin_refunds (serial)
    WHERE requested = 1 AND exchange_sig IS NULL AND refused_status IS NULL;
