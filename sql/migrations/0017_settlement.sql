-- What exchanges have to wire, or have wired, of orders that were paid with coins: a row for each order and
-- exchange.
CREATE TABLE settlements (
    order_serial           INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- of which order
    exchange_url           TEXT    NOT NULL,                    -- base URL of the exchange that has the coins
    account_serial         INTEGER,                             -- to which account of the order's instance, by the contract; NULL: not looked up so far
    due_s                  INTEGER NOT NULL,                    -- when the exchange is asked next, seconds since 1970
    tries                  INTEGER NOT NULL DEFAULT 0,          -- how often in a row it was asked in vain
    state                  INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)), -- 0: open; 1: wired; 2: nothing is wired any more
    closed_at_s            INTEGER,                             -- since when it is not open, seconds since 1970; NULL: it is
    trouble_code           INTEGER,                             -- Taler code of what is wrong; NULL: nothing
    trouble_coin           BLOB    CHECK (length(trouble_coin) = 32), -- the coin that it is about; NULL: none of its own
    trouble_status         INTEGER,                             -- HTTP status of the exchange's answer; NULL: it gave none
    trouble_exchange_code  INTEGER,                             -- the exchange's own code; NULL: it gave none
    PRIMARY KEY (order_serial, exchange_url),
    CHECK ((state = 0) = (closed_at_s IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX settlements_due ON settlements (exchange_url, due_s) WHERE state = 0;

-- Transfers that exchanges have named, or that the shop has seen at its bank, and what the exchanges say of them.
CREATE TABLE expected_transfers (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose account
    account_serial   INTEGER NOT NULL REFERENCES accounts (serial) ON DELETE CASCADE, -- to which account
    exchange_url     TEXT    NOT NULL,                          -- base URL of the exchange
    wtid             BLOB    NOT NULL CHECK (length(wtid) = 32), -- names the transfer at the exchange and at the bank
    is_named         INTEGER NOT NULL CHECK (is_named IN (0, 1)), -- 1: the exchange named it for a coin; 0: only the shop did
    execution_s      INTEGER,                                   -- when it was made, seconds since 1970; NULL: not known
    total            TEXT,                                      -- what arrives, like EUR:1.5; NULL: no list so far
    wire_fee         TEXT,                                      -- what the transfer cost; NULL: no list so far
    exchange_pub     BLOB    CHECK (length(exchange_pub) = 32), -- who signed the list; NULL: no list so far
    exchange_sig     BLOB    CHECK (length(exchange_sig) = 64), -- the signature of the list; NULL: no list so far
    validated        INTEGER CHECK (validated IN (0, 1)),       -- 1: the list fits what the shop knows; 0: it does not; NULL: no list so far
    is_paid          INTEGER NOT NULL DEFAULT 0 CHECK (is_paid IN (0, 1)), -- 1: what the list names is paid: nothing but perhaps the wire fee is wrong
    last_status      INTEGER NOT NULL DEFAULT 0,                -- HTTP status of the last answer; 0: none
    last_code        INTEGER NOT NULL DEFAULT 0,                -- Taler code of what is wrong; 0: nothing
    last_detail      TEXT,                                      -- the same in words; NULL: nothing
    reply            TEXT,                                      -- JSON: a signed list that does not fit, as evidence; NULL: none
    next_ask_s       INTEGER,                                   -- when the list is asked for, seconds since 1970; NULL: never
    tries            INTEGER NOT NULL DEFAULT 0,                -- how often in a row it was asked for in vain
    UNIQUE (account_serial, exchange_url, wtid),
    CHECK ((exchange_sig IS NULL) = (exchange_pub IS NULL))
) STRICT;

CREATE INDEX expected_transfers_by_instance ON expected_transfers (instance_serial, serial);
CREATE INDEX expected_transfers_due ON expected_transfers (exchange_url, next_ask_s)
    WHERE next_ask_s IS NOT NULL;

-- With which transfer a coin's deposit was paid.
CREATE TABLE coin_wires (
    deposit_serial     INTEGER PRIMARY KEY REFERENCES deposits (serial) ON DELETE CASCADE, -- which coin's
    expected_serial    INTEGER NOT NULL REFERENCES expected_transfers (serial) ON DELETE CASCADE, -- which transfer
    execution_s        INTEGER NOT NULL,                        -- when it was made, seconds since 1970
    position           INTEGER,                                 -- place in the transfer's list; NULL: not listed so far
    deposit_value      TEXT,                                    -- what is left after refunds, by the list; NULL: not listed so far
    deposit_fee        TEXT,                                    -- what of it is the fee, by the list; NULL: not listed so far
    refund_total       TEXT,                                    -- what was refunded, by the list; NULL: not listed so far
    coin_contribution  TEXT,                                    -- without the fee, by the answer about the coin; NULL: not asked
    exchange_pub       BLOB    CHECK (length(exchange_pub) = 32), -- who signed that answer; NULL: not asked
    exchange_sig       BLOB    CHECK (length(exchange_sig) = 64), -- its signature; NULL: not asked
    CHECK ((exchange_sig IS NULL) = (exchange_pub IS NULL))
) STRICT;

CREATE INDEX coin_wires_by_transfer ON coin_wires (expected_serial, position);

-- Transfers that have arrived, as the shop says.
CREATE TABLE transfers (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose account
    account_serial   INTEGER NOT NULL REFERENCES accounts (serial) ON DELETE CASCADE, -- on which account
    exchange_url     TEXT    NOT NULL,                          -- base URL of the exchange, as its subject says
    wtid             BLOB    NOT NULL CHECK (length(wtid) = 32), -- names the transfer, as its subject says
    credit_amount    TEXT    NOT NULL,                          -- what arrived, like EUR:1.5
    execution_s      INTEGER NOT NULL,                          -- when, as far as known, seconds since 1970
    source           TEXT    NOT NULL CHECK (source IN ('api', 'page', 'statement', 'facade')), -- by what it is known
    UNIQUE (account_serial, exchange_url, wtid)
) STRICT;

CREATE INDEX transfers_by_instance ON transfers (instance_serial, serial);

-- Orders that were paid before are followed as well, as those that follow: each some seconds later than its
-- deadline, so that not all are asked for at once.
INSERT INTO settlements (order_serial, exchange_url, account_serial, due_s)
SELECT DISTINCT orders.serial, deposits.coin ->> 'exchange_url',
    (
        SELECT iif(count(*) = 1, max(accounts.serial), NULL)
        FROM accounts
        WHERE accounts.instance_serial = orders.instance_serial
    ),
    (orders.terms ->> '$.wire_transfer_deadline.t_s') + orders.serial * 7919 % 601
FROM orders
JOIN deposits ON deposits.order_serial = orders.serial
WHERE orders.paid_at_s IS NOT NULL
    AND deposits.exchange_sig IS NOT NULL
    AND typeof(orders.terms ->> '$.wire_transfer_deadline.t_s') = 'integer'
    AND NOT EXISTS (SELECT 1 FROM payments WHERE payments.order_serial = orders.serial)
    AND NOT EXISTS (
        SELECT 1
        FROM coin_refunds
        WHERE coin_refunds.deposit_serial = deposits.serial AND coin_refunds.refund_serial IS NULL
            AND coin_refunds.refused_status IS NULL
    );
