-- Orders that the wallet has claimed, or was about to.
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

-- What a coin pays for a purchase: booked before anybody is told, taken out again if it never was spent.
CREATE TABLE spendings (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they were booked
    purchase           INTEGER NOT NULL REFERENCES purchases (serial), -- for what
    coin               INTEGER NOT NULL REFERENCES coins (serial), -- with what
    contribution       TEXT    NOT NULL,                        -- how much, the deposit fee included
    UNIQUE (purchase, coin)
) STRICT;

-- What came back of it, on the exchange's word.
CREATE TABLE refunds (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they came
    spending           INTEGER NOT NULL REFERENCES spendings (serial), -- of what
    rtransaction_id    BLOB    NOT NULL CHECK (length(rtransaction_id) = 8), -- the shop's number, big-endian
    amount             TEXT    NOT NULL,                        -- how much, the refund fee included
    exchange_pub       BLOB    NOT NULL CHECK (length(exchange_pub) = 32), -- who signed it
    exchange_sig       BLOB    NOT NULL CHECK (length(exchange_sig) = 64), -- the signature
    UNIQUE (spending, rtransaction_id)
) STRICT;
