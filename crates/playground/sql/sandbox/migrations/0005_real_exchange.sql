-- What a real exchange was seen to do: the same coin can pay for one contract several times, each
-- time with a permission of its own.
CREATE TABLE deposits_2 (
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
INSERT INTO deposits_2
SELECT serial, batch, coin, merchant_pub, h_contract, contribution, fee, coin_sig, refunded, transfer
FROM deposits;

CREATE TABLE refunds_2 (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were made
    deposit            INTEGER NOT NULL REFERENCES deposits_2 (serial), -- what is taken back
    rtransaction_id    BLOB    NOT NULL CHECK (length(rtransaction_id) = 8), -- the merchant's number, big-endian
    amount             INTEGER NOT NULL CHECK (amount > 0),     -- how much, the fee included
    fee                INTEGER NOT NULL CHECK (fee BETWEEN 0 AND amount), -- what the customer lost
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), -- the confirmation
    UNIQUE (deposit, rtransaction_id)
) STRICT;
INSERT INTO refunds_2
SELECT serial, deposit, rtransaction_id, amount, fee, exchange_pub, exchange_sig
FROM refunds;

DROP TABLE refunds;
DROP TABLE deposits;
ALTER TABLE deposits_2 RENAME TO deposits;
ALTER TABLE refunds_2 RENAME TO refunds;
CREATE INDEX deposits_by_batch ON deposits (batch);
CREATE INDEX deposits_by_transfer ON deposits (transfer) WHERE transfer IS NOT NULL;

-- All batches of one contract carry the time of the first, and go to one account.
CREATE INDEX batches_by_contract ON batches (merchant_pub, h_contract);

-- Coins of a revoked denomination are worth nothing.
ALTER TABLE denominations ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1)); -- 1: its coins are refused

-- Bank accounts of merchants, kept where a limit on deposits makes their owners matter.
CREATE TABLE accounts (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they turned up
    payto              TEXT    NOT NULL UNIQUE,                 -- the full address, letter by letter
    h_payto            BLOB    NOT NULL CHECK (length(h_payto) = 32), -- hash of the normalised address
    account_pub        BLOB    CHECK (length(account_pub) = 32) -- the key that a transfer from it named; NULL: none yet
) STRICT;

CREATE INDEX accounts_by_hash ON accounts (h_payto);
