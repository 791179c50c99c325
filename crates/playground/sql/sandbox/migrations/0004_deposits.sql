-- Money that went to a merchant's bank, or would have.
CREATE TABLE transfers (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    wtid               BLOB    NOT NULL UNIQUE CHECK (length(wtid) = 32), -- names it, in the bank's subject
    merchant_pub       BLOB    NOT NULL CHECK (length(merchant_pub) = 32), -- whose money it is
    payto              TEXT    NOT NULL,                        -- where it went
    total              INTEGER NOT NULL CHECK (total > 0),      -- what arrived
    wire_fee           INTEGER NOT NULL CHECK (wire_fee >= 0),  -- what the transfer cost
    execution_s        INTEGER NOT NULL                         -- when, in seconds since 1970
) STRICT;

-- A merchant's request to deposit coins, and what it was told, word for word.
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
-- All batches of one contract carry the time of the first, and go to one account.
CREATE INDEX batches_by_contract ON batches (merchant_pub, h_contract);

-- What one coin paid for one contract. The same coin can pay for it several times, each time with a
-- permission of its own, as a real exchange was seen to allow.
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

-- What merchants took back of it.
CREATE TABLE refunds (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    deposit            INTEGER NOT NULL REFERENCES deposits (serial), -- what is taken back
    rtransaction_id    BLOB    NOT NULL CHECK (length(rtransaction_id) = 8), -- the merchant's number, big-endian
    amount             INTEGER NOT NULL CHECK (amount > 0),     -- how much, the fee included
    fee                INTEGER NOT NULL CHECK (fee BETWEEN 0 AND amount), -- what the customer lost
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), -- the confirmation
    UNIQUE (deposit, rtransaction_id)
) STRICT;
