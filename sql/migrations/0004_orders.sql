-- Logos of shops as contracts have them, each once, however many orders it stands in.
CREATE TABLE logos (
    serial           INTEGER PRIMARY KEY,                       -- names it in orders
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    hash             BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of text
    text             TEXT    NOT NULL,                          -- the text between the quotes, escaped as JSON does
    UNIQUE (instance_serial, hash)
) STRICT;

-- What is to be paid. The contract is in terms; the other columns say what must be found without reading it.
CREATE TABLE orders (
    serial             INTEGER PRIMARY KEY AUTOINCREMENT,       -- its place in the shop's list; never used again
    instance_serial    INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    order_id           TEXT    NOT NULL,                        -- names it in URLs
    request_hash       BLOB    NOT NULL CHECK (length(request_hash) = 64), -- SHA-512 of what was asked for
    claim_token        BLOB    CHECK (length(claim_token) = 16), -- needed to claim it; NULL: nothing is
    timestamp_s        INTEGER,                                 -- seconds since 1970; NULL: never
    created_at_s       INTEGER NOT NULL,                        -- seconds since 1970
    pay_deadline_s     INTEGER,                                 -- seconds since 1970; NULL: never
    refund_deadline_s  INTEGER,                                 -- until when refunds can be granted (the contract's, the wire deadline where that is 0), seconds since 1970; NULL: at any time
    amount             TEXT    NOT NULL,                        -- the price, like EUR:1.5
    summary            TEXT    NOT NULL,                        -- what is bought, for people
    summary_folded     TEXT    NOT NULL,                        -- the same in lower case, to be searched
    base_url           TEXT    NOT NULL,                        -- where wallets find the instance's API
    fulfillment_url    TEXT,                                    -- where the customer finds it; NULL: nowhere
    session_id         TEXT,                                    -- the session it was made for; NULL: none
    nonce              BLOB    CHECK (length(nonce) = 32),      -- the claiming wallet's key; NULL: unclaimed
    h_contract         BLOB    CHECK (length(h_contract) = 64), -- hash of terms; NULL: unclaimed
    claimed_at_s       INTEGER,                                 -- seconds since 1970; NULL: unclaimed
    paid_at_s          INTEGER,                                 -- seconds since 1970; NULL: unpaid
    paid_session       TEXT,                                    -- the session the payment counts for; NULL: none
    refund_granted     TEXT    NOT NULL,                        -- all refunds together, like EUR:0.5
    refund_taken       TEXT    NOT NULL,                        -- those that the customer has
    refund_refused     TEXT,                                    -- the part of refund_granted that no wallet will get, like EUR:0.5; NULL: nothing
    refunded           INTEGER NOT NULL CHECK (refunded IN (0, 1, 2)), -- 0: not, 1: partly, 2: wholly
    wired              INTEGER NOT NULL CHECK (wired IN (0, 1)), -- 1: the exchange has wired all of it
    by_stranger        INTEGER NOT NULL DEFAULT 0 CHECK (by_stranger IN (0, 1)), -- 1: a client without a token of the shop made it, of a template
    logo_serial        INTEGER REFERENCES logos (serial),       -- the logo that was taken out of terms; NULL: none was
    logo_at            INTEGER,                                 -- where in terms the logo was, in bytes; NULL: none was
    terms              TEXT    NOT NULL,                        -- the contract as canonical JSON, with nonce once claimed, without its logo
    UNIQUE (instance_serial, order_id),
    CHECK ((nonce IS NULL) = (h_contract IS NULL)),
    CHECK (paid_at_s IS NULL OR nonce IS NOT NULL),
    CHECK (paid_session IS NULL OR paid_at_s IS NOT NULL)
) STRICT;

CREATE INDEX orders_by_instance ON orders (instance_serial, serial);
CREATE INDEX orders_by_session ON orders (instance_serial, session_id, fulfillment_url, serial)
    WHERE session_id IS NOT NULL;
CREATE INDEX orders_by_paid_session ON orders (instance_serial, paid_session, fulfillment_url, serial)
    WHERE paid_session IS NOT NULL;
CREATE INDEX orders_by_creation ON orders (instance_serial, created_at_s, serial);
CREATE INDEX orders_by_payment ON orders (instance_serial, paid_at_s, serial) WHERE paid_at_s IS NOT NULL;
CREATE INDEX orders_by_logo ON orders (logo_serial) WHERE logo_serial IS NOT NULL;
CREATE INDEX orders_of_strangers ON orders (instance_serial) WHERE by_stranger = 1 AND paid_at_s IS NULL;
CREATE INDEX orders_of_strangers_by_deadline ON orders (pay_deadline_s)
    WHERE by_stranger = 1 AND paid_at_s IS NULL;

-- How an order was paid, where no coins were.
CREATE TABLE payments (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE, -- which was paid
    method        TEXT    NOT NULL,                             -- cash, card, bank or another word
    reference     TEXT,                                         -- the shop's mark on it; NULL: none
    amount        TEXT    NOT NULL,                             -- what was paid, like EUR:1.5
    session_id    TEXT,                                         -- the session it was made for; NULL: none
    paid_at_s     INTEGER NOT NULL                              -- seconds since 1970
) STRICT;

-- What was given back, grant by grant.
CREATE TABLE refunds (
    serial          INTEGER PRIMARY KEY,                        -- the order of granting
    order_serial    INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- of which order
    amount          TEXT    NOT NULL,                           -- by how much the total rose, like EUR:0.5
    reason          TEXT    NOT NULL,                           -- why, in the shop's words
    granted_at_s    INTEGER NOT NULL,                           -- seconds since 1970
    collected_at_s  INTEGER                                     -- when the customer got it; NULL: not yet
) STRICT;

CREATE INDEX refunds_by_order ON refunds (order_serial, serial);
CREATE INDEX refunds_by_time ON refunds (granted_at_s, serial);
