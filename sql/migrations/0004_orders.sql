-- What is to be paid. The contract is in terms; the other columns say what must be found without reading it.
CREATE TABLE orders (
    serial             INTEGER PRIMARY KEY AUTOINCREMENT,       -- its place in the shop's list; never used again
    instance           INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    order_id           TEXT    NOT NULL,                        -- names it in URLs
    request_hash       BLOB    NOT NULL CHECK (length(request_hash) = 64), -- SHA-512 of what was asked for
    claim_token        BLOB    CHECK (length(claim_token) = 16), -- needed to claim it; NULL: nothing is
    timestamp_s        INTEGER,                                 -- seconds since 1970; NULL: never
    created_at_s       INTEGER NOT NULL,                        -- seconds since 1970
    pay_deadline_s     INTEGER,                                 -- seconds since 1970; NULL: never
    refund_deadline_s  INTEGER,                                 -- seconds since 1970; NULL: never
    amount             TEXT    NOT NULL,                        -- the price, like EUR:1.5
    summary            TEXT    NOT NULL,                        -- what is bought, for people
    summary_folded     TEXT    NOT NULL,                        -- the same in lower case, to be searched
    base_url           TEXT    NOT NULL,                        -- where wallets find the instance's API
    fulfillment_url    TEXT,                                    -- where the customer finds it; NULL: nowhere
    session_id         TEXT,                                    -- the session it was made for; NULL: none
    nonce              BLOB    CHECK (length(nonce) = 32),      -- the claiming wallet's key; NULL: unclaimed
    h_contract         BLOB    CHECK (length(h_contract) = 64), -- hash of terms; NULL: unclaimed
    paid_at_s          INTEGER,                                 -- seconds since 1970; NULL: unpaid
    paid_session       TEXT,                                    -- the session the payment counts for; NULL: none
    refund_granted     TEXT    NOT NULL,                        -- all refunds together, like EUR:0.5
    refund_taken       TEXT    NOT NULL,                        -- those that the customer has
    refunded           INTEGER NOT NULL CHECK (refunded IN (0, 1, 2)), -- 0: not, 1: partly, 2: wholly
    wired              INTEGER NOT NULL CHECK (wired IN (0, 1)), -- 1: the exchange has wired all of it
    terms              TEXT    NOT NULL,                        -- the contract as canonical JSON, with nonce once claimed
    UNIQUE (instance, order_id),
    CHECK ((nonce IS NULL) = (h_contract IS NULL)),
    CHECK (paid_at_s IS NULL OR nonce IS NOT NULL),
    CHECK (paid_session IS NULL OR paid_at_s IS NOT NULL)
) STRICT;

CREATE INDEX orders_by_instance ON orders (instance, serial);
CREATE INDEX orders_by_session ON orders (instance, session_id, fulfillment_url, serial)
    WHERE session_id IS NOT NULL;
CREATE INDEX orders_by_paid_session ON orders (instance, paid_session, fulfillment_url, serial)
    WHERE paid_session IS NOT NULL;
