-- The sum of the migrations, to be read. Written by: TILLD_WRITE_SCHEMA=1 cargo test --test it sql

CREATE TABLE accounts (
    serial                       INTEGER PRIMARY KEY,           -- names the row; the order of adding
    instance_serial              INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    payto_uri                    TEXT    NOT NULL,              -- full payto URI, byte for byte
    salt                         BLOB    NOT NULL CHECK (length(salt) = 16), -- random; makes h_wire unguessable
    h_wire                       BLOB    NOT NULL CHECK (length(h_wire) = 64), -- salted hash of payto_uri
    active                       INTEGER NOT NULL CHECK (active IN (0, 1)), -- 1: new orders may use it
    credit_facade_url            TEXT,                          -- where the bank tells of transfers; NULL: nowhere
    credit_facade_credentials    TEXT,                          -- JSON object, secret; NULL: none
    extra_wire_subject_metadata  TEXT,                          -- for the subject of transfers; NULL: nothing
    UNIQUE (instance_serial, payto_uri),
    UNIQUE (instance_serial, h_wire)
) STRICT;

CREATE TABLE addresses (
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose programs
    root             TEXT    NOT NULL,                          -- http(s) URL of the daemon's root, with a slash at its end
    used_at_s        INTEGER NOT NULL,                          -- first use since a start of the daemon, in seconds since 1970
    PRIMARY KEY (instance_serial, root)
) STRICT, WITHOUT ROWID;

CREATE TABLE cashiers (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the cashier in the books; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- for which shop
    name             TEXT    NOT NULL,                          -- as the shop calls the cashier
    pin_hash         TEXT,                                      -- argon2id of the PIN, as PHC text; NULL: may not sign in any more
    wrong_pins       INTEGER NOT NULL DEFAULT 0,                -- how often a wrong PIN was typed since the last right one
    locked_until_s   INTEGER,                                   -- until when no PIN is looked at, seconds since 1970; NULL: not locked
    created_at_s     INTEGER NOT NULL                           -- seconds since 1970
) STRICT;

CREATE INDEX cashiers_by_instance ON cashiers (instance_serial, serial);

CREATE UNIQUE INDEX cashiers_by_name ON cashiers (instance_serial, name) WHERE pin_hash IS NOT NULL;

CREATE TABLE categories (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    name_i18n        TEXT    NOT NULL,                          -- JSON object: in other languages
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX categories_by_instance ON categories (instance_serial, serial);

CREATE TABLE clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1),              -- there is one row
    seen_at_s  INTEGER NOT NULL                                 -- seconds since 1970
) STRICT;

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

CREATE TABLE exchange_keys (
    base_url      TEXT    NOT NULL,                             -- where the exchange is
    master_pub    BLOB    NOT NULL,                             -- what the list is verified with
    keys          TEXT    NOT NULL,                             -- the answer to GET /keys, as it came
    fetched_at_s  INTEGER NOT NULL,                             -- when, in seconds since 1970
    expires_at_s  INTEGER NOT NULL,                             -- until when it is good, in seconds since 1970
    PRIMARY KEY (base_url, master_pub)
) STRICT;

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

CREATE TABLE hidden_check_lists (
    instance_serial  INTEGER NOT NULL PRIMARY KEY REFERENCES instances (serial) ON DELETE CASCADE, -- whose
    hidden_at_s      INTEGER NOT NULL                           -- seconds since 1970
) STRICT;

CREATE TABLE images (
    serial           INTEGER PRIMARY KEY,                       -- names it in products
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    hash             BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of what follows "base64," in text; names it in public addresses
    url_hash         BLOB    NOT NULL CHECK (length(url_hash) = 32), -- SHA-256 of text, which is answered as well
    size             INTEGER NOT NULL,                          -- length of text in bytes
    text             TEXT    NOT NULL,                          -- data:image/…;base64,…
    UNIQUE (instance_serial, url_hash)
) STRICT;

CREATE INDEX images_by_hash ON images (hash);

CREATE INDEX images_by_url_hash ON images (url_hash);

CREATE TABLE instances (
    serial                          INTEGER PRIMARY KEY,        -- names the row inside the store
    id                              TEXT    NOT NULL UNIQUE,    -- names it in URLs; lower case
    name                            TEXT    NOT NULL,           -- the shop's name for customers
    email                           TEXT,                       -- where to write to; NULL: none
    phone_number                    TEXT,                       -- where to call; NULL: none
    website                         TEXT,                       -- http(s) URL; NULL: none
    logo                            TEXT,                       -- data:image/… URL; NULL: none
    address                         TEXT    NOT NULL,           -- JSON object, a Location
    jurisdiction                    TEXT    NOT NULL,           -- JSON object, a Location
    use_stefan                      INTEGER NOT NULL CHECK (use_stefan IN (0, 1)), -- 1: the shop pays usual fees
    default_pay_delay_us            INTEGER,                    -- microseconds; NULL: forever
    default_refund_delay_us         INTEGER,                    -- microseconds; NULL: forever
    default_wire_transfer_delay_us  INTEGER,                    -- microseconds; NULL: forever
    wire_transfer_rounding          TEXT    NOT NULL,           -- NONE, SECOND, … YEAR
    private_key                     BLOB    CHECK (length(private_key) = 32), -- EdDSA seed; NULL: deleted, only history is left
    public_key                      BLOB    NOT NULL CHECK (length(public_key) = 32), -- EdDSA
    password_hash                   TEXT,                       -- argon2id as PHC text; NULL: no password
    time_zone                       TEXT,                       -- name in the IANA database; NULL: the daemon's
    day_end_hour                    INTEGER NOT NULL DEFAULT 0 CHECK (day_end_hour BETWEEN 0 AND 23), -- when the days of its books end, by the clock in that zone
    deletion                        INTEGER NOT NULL DEFAULT 0 CHECK (deletion IN (0, 1, 2)), -- 0: in use or without a key; 1: its key goes with its last refund; 2: all of it goes then
    created_at_s                    INTEGER NOT NULL            -- seconds since 1970
) STRICT;

CREATE TABLE kyc (
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose account
    h_wire           BLOB    NOT NULL CHECK (length(h_wire) = 64), -- names the account
    exchange_url     TEXT    NOT NULL,                          -- which exchange asks
    status           INTEGER NOT NULL,                          -- HTTP status of its refusal
    code             INTEGER,                                   -- its own code; NULL: none
    reply            TEXT    NOT NULL,                          -- JSON, its own words
    asked_at_s       INTEGER NOT NULL,                          -- seconds since 1970
    PRIMARY KEY (instance_serial, h_wire, exchange_url)
) STRICT, WITHOUT ROWID;

CREATE TABLE logos (
    serial           INTEGER PRIMARY KEY,                       -- names it in orders
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    hash             BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of text
    text             TEXT    NOT NULL,                          -- the text between the quotes, escaped as JSON does
    UNIQUE (instance_serial, hash)
) STRICT;

CREATE TABLE money_pot_totals (
    pot_serial  INTEGER NOT NULL REFERENCES money_pots (serial) ON DELETE CASCADE, -- of which pot
    currency    TEXT    NOT NULL,                               -- like EUR
    amount      TEXT    NOT NULL,                               -- like EUR:1.5
    PRIMARY KEY (pot_serial, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE money_pots (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    description      TEXT    NOT NULL,                          -- the shop's own note
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX money_pots_by_instance ON money_pots (instance_serial, serial);

CREATE TABLE order_cashiers (
    order_serial    INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE, -- which sale
    cashier_serial  INTEGER NOT NULL REFERENCES cashiers (serial) ON DELETE CASCADE -- whose
) STRICT;

CREATE INDEX order_cashiers_by_cashier ON order_cashiers (cashier_serial);

CREATE TABLE order_pots (
    order_serial  INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- which order
    pot_serial    INTEGER NOT NULL REFERENCES money_pots (serial) ON DELETE CASCADE, -- to which pot
    amount        TEXT    NOT NULL,                             -- how much of the price, like EUR:1.5
    PRIMARY KEY (order_serial, pot_serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_pots_by_pot ON order_pots (pot_serial);

CREATE TABLE order_products (
    order_serial    INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- which order
    line            INTEGER NOT NULL,                           -- counts the order's lines from 0
    product_serial  INTEGER REFERENCES products (serial) ON DELETE SET NULL, -- which product; NULL: it is deleted
    quantity_u      INTEGER NOT NULL,                           -- how much, in millionths
    is_reserved     INTEGER NOT NULL CHECK (is_reserved IN (0, 1)), -- 0: nothing is reserved, it only counts as sold with the payment
    is_open         INTEGER NOT NULL CHECK (is_open IN (0, 1)), -- 1: not sold yet
    expires_at_s    INTEGER NOT NULL, returned_u INTEGER NOT NULL DEFAULT 0,                           -- until when it is reserved, seconds since 1970
    PRIMARY KEY (order_serial, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_products_by_product ON order_products (product_serial, is_open, is_reserved, expires_at_s, quantity_u);

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
    terms              TEXT    NOT NULL, otp_device_serial INTEGER REFERENCES otp_devices (serial) ON DELETE SET NULL,                        -- the contract as canonical JSON, with nonce once claimed, without its logo
    UNIQUE (instance_serial, order_id),
    CHECK ((nonce IS NULL) = (h_contract IS NULL)),
    CHECK (paid_at_s IS NULL OR nonce IS NOT NULL),
    CHECK (paid_session IS NULL OR paid_at_s IS NOT NULL)
) STRICT;

CREATE INDEX orders_by_creation ON orders (instance_serial, created_at_s, serial);

CREATE INDEX orders_by_instance ON orders (instance_serial, serial);

CREATE INDEX orders_by_logo ON orders (logo_serial) WHERE logo_serial IS NOT NULL;

CREATE INDEX orders_by_otp_device ON orders (otp_device_serial) WHERE otp_device_serial IS NOT NULL;

CREATE INDEX orders_by_paid_session ON orders (instance_serial, paid_session, fulfillment_url, serial)
    WHERE paid_session IS NOT NULL;

CREATE INDEX orders_by_payment ON orders (instance_serial, paid_at_s, serial) WHERE paid_at_s IS NOT NULL;

CREATE INDEX orders_by_session ON orders (instance_serial, session_id, fulfillment_url, serial)
    WHERE session_id IS NOT NULL;

CREATE INDEX orders_of_strangers ON orders (instance_serial) WHERE by_stranger = 1 AND paid_at_s IS NULL;

CREATE INDEX orders_of_strangers_by_deadline ON orders (pay_deadline_s)
    WHERE by_stranger = 1 AND paid_at_s IS NULL;

CREATE TABLE otp_devices (
    serial           INTEGER PRIMARY KEY,                       -- names the row; the order of adding
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    device_id        TEXT    NOT NULL,                          -- names it in URLs
    description      TEXT    NOT NULL,                          -- the shop's own note
    key              BLOB    NOT NULL CHECK (length(key) > 0),  -- the secret that the machine has too
    algorithm        INTEGER NOT NULL CHECK (algorithm IN (0, 1, 2)), -- 0: no codes, 1: of the time, 2: of time and price
    ctr              INTEGER NOT NULL,                          -- the counter that the API keeps; no code depends on it
    UNIQUE (instance_serial, device_id)
) STRICT;

CREATE INDEX otp_devices_by_instance ON otp_devices (instance_serial, serial);

CREATE TABLE partial_payments (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE -- which
) STRICT;

CREATE TABLE payments (
    order_serial  INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE, -- which was paid
    method        TEXT    NOT NULL,                             -- cash, card, bank or another word
    reference     TEXT,                                         -- the shop's mark on it; NULL: none
    amount        TEXT    NOT NULL,                             -- what was paid, like EUR:1.5
    session_id    TEXT,                                         -- the session it was made for; NULL: none
    paid_at_s     INTEGER NOT NULL                              -- seconds since 1970
, given TEXT) STRICT;

CREATE TABLE product_categories (
    product_serial   INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- which product
    category_serial  INTEGER NOT NULL REFERENCES categories (serial) ON DELETE CASCADE, -- is in which category
    PRIMARY KEY (product_serial, category_serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_categories_by_category ON product_categories (category_serial, product_serial);

CREATE TABLE product_groups (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    description      TEXT    NOT NULL,                          -- the shop's own note
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX product_groups_by_instance ON product_groups (instance_serial, serial);

CREATE TABLE product_locks (
    product_serial   INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- of which product
    uuid             TEXT    NOT NULL,                          -- the client's name for the customer
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose product it is
    quantity_u       INTEGER NOT NULL,                          -- how much, in millionths
    expires_at_s     INTEGER NOT NULL,                          -- until when, seconds since 1970
    PRIMARY KEY (product_serial, uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_locks_by_uuid ON product_locks (instance_serial, uuid);

CREATE TABLE products (
    serial              INTEGER PRIMARY KEY AUTOINCREMENT,      -- its place in the shop's list; never used again
    instance_serial     INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    product_id          TEXT    NOT NULL,                       -- the shop's own name for it
    name                TEXT    NOT NULL,                       -- what it is called
    name_folded         TEXT    NOT NULL,                       -- the same in lower case, to be searched
    description         TEXT    NOT NULL,                       -- in words
    description_folded  TEXT    NOT NULL,                       -- the same in lower case, to be searched
    description_i18n    TEXT    NOT NULL,                       -- JSON object: in other languages
    unit                TEXT    NOT NULL,                       -- what it is counted in
    allow_fraction      INTEGER NOT NULL CHECK (allow_fraction IN (0, 1)), -- 1: there can be half of one
    precision_level     INTEGER NOT NULL CHECK (precision_level BETWEEN 0 AND 6), -- digits behind the dot
    stock_u             INTEGER,                                -- what was ever stocked, in millionths; NULL: without end
    sold_u              INTEGER NOT NULL,                       -- what was ever sold, in millionths
    lost_u              INTEGER NOT NULL,                       -- what was ever lost, in millionths
    prices              TEXT    NOT NULL,                       -- JSON list of amounts for one, a currency each
    price_is_net        INTEGER NOT NULL CHECK (price_is_net IN (0, 1)), -- 1: taxes are added to prices
    group_serial        INTEGER REFERENCES product_groups (serial) ON DELETE SET NULL, -- NULL: none
    pot_serial          INTEGER REFERENCES money_pots (serial) ON DELETE SET NULL, -- where its income is booked; NULL: nowhere
    image_serial        INTEGER REFERENCES images (serial),     -- its picture; NULL: none
    taxes               TEXT    NOT NULL,                       -- JSON list of taxes on one
    address             TEXT,                                   -- JSON: where it is; NULL: not said
    next_restock_s      INTEGER,                                -- when there is more, seconds since 1970; 0: not known; NULL: never
    minimum_age         INTEGER NOT NULL, low_stock_u INTEGER,                       -- of the customer, in years
    UNIQUE (instance_serial, product_id)
) STRICT;

CREATE INDEX products_by_group ON products (group_serial) WHERE group_serial IS NOT NULL;

CREATE INDEX products_by_image ON products (image_serial) WHERE image_serial IS NOT NULL;

CREATE INDEX products_by_instance ON products (instance_serial, serial);

CREATE INDEX products_by_pot ON products (pot_serial) WHERE pot_serial IS NOT NULL;

CREATE TABLE receipt_details (
    instance_serial  INTEGER PRIMARY KEY REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    tax_number       TEXT    NOT NULL                           -- under which the shop pays its taxes, as it writes it
) STRICT;

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

CREATE TABLE setup_code (
    id            INTEGER PRIMARY KEY CHECK (id = 1),           -- there is one row at most
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 64), -- SHA-512 of the code
    expires_at_s  INTEGER NOT NULL                              -- seconds since 1970
) STRICT;

CREATE TABLE stock_movements (
    serial          INTEGER PRIMARY KEY AUTOINCREMENT,          -- the order of what happened; never used again
    product_serial  INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- of which product
    at_s            INTEGER NOT NULL,                           -- when, seconds since 1970
    reason          TEXT    NOT NULL,                           -- delivery, breakage, own-use, count, return or uncounted
    change_u        INTEGER NOT NULL,                           -- how much more is there, in millionths; below 0: less
    left_u          INTEGER,                                    -- how much was there then, in millionths; NULL: without end
    who             TEXT    NOT NULL,                           -- who did it, as the shop calls them; may be empty
    note            TEXT    NOT NULL                            -- the shop's own note, or the number of the order; may be empty
) STRICT;

CREATE INDEX stock_movements_by_product ON stock_movements (product_serial, serial);

CREATE TABLE templates (
    serial             INTEGER PRIMARY KEY,                     -- the order of adding
    instance_serial    INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    template_id        TEXT    NOT NULL,                        -- names it in URLs
    description        TEXT    NOT NULL,                        -- the shop's own note
    contract           TEXT    NOT NULL,                        -- JSON object: what is fixed
    editable_defaults  TEXT, otp_device_serial INTEGER REFERENCES otp_devices (serial) ON DELETE SET NULL,                                    -- JSON object: what is suggested; NULL: nothing
    UNIQUE (instance_serial, template_id)
) STRICT;

CREATE INDEX templates_by_instance ON templates (instance_serial, serial);

CREATE INDEX templates_by_otp_device ON templates (otp_device_serial) WHERE otp_device_serial IS NOT NULL;

CREATE TABLE till_devices (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the device for the shop; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- for which shop
    hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of what the browser's cookie says
    browser          TEXT    NOT NULL,                          -- name of the browser (User-Agent, shortened)
    created_at_s     INTEGER NOT NULL                           -- seconds since 1970
) STRICT;

CREATE INDEX till_devices_by_instance ON till_devices (instance_serial, serial);

CREATE TABLE tokens (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the token for the shop; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- which it opens
    hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token's text
    scope            TEXT    NOT NULL,                          -- like order-full or all:refreshable
    kind             TEXT    NOT NULL CHECK (kind IN ('api', 'static', 'web')), -- static: the instance's fixed token of before protocol 19; web: a session of the back office
    browser          TEXT,                                      -- name of the browser (User-Agent, shortened) of a web session; NULL: no web session
    created_at_s     INTEGER NOT NULL,                          -- seconds since 1970
    expires_at_s     INTEGER,                                   -- seconds since 1970; NULL: never
    description      TEXT,                                      -- the shop's own note; NULL: none
    last_used_s      INTEGER, cashier_serial   INTEGER REFERENCES cashiers (serial) ON DELETE CASCADE,                                   -- seconds since 1970, to the minute; NULL: never
    CHECK ((kind = 'web') = (browser IS NOT NULL))
) STRICT;

CREATE INDEX tokens_by_cashier ON tokens (cashier_serial) WHERE cashier_serial IS NOT NULL;

CREATE INDEX tokens_by_expiry ON tokens (expires_at_s) WHERE expires_at_s IS NOT NULL;

CREATE INDEX tokens_by_instance ON tokens (instance_serial, serial);

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

CREATE TABLE trusted_exchanges (
    base_url      TEXT    NOT NULL PRIMARY KEY,                 -- where the exchange is
    master_pub    BLOB    NOT NULL CHECK (length(master_pub) = 32), -- what its keys are verified with
    currency      TEXT    NOT NULL,                             -- what its coins are in, like CHF
    added_at_s    INTEGER NOT NULL,                             -- when, in seconds since 1970
    removed_at_s  INTEGER                                       -- the same; NULL: new orders offer it
) STRICT;

CREATE TABLE units (
    serial           INTEGER PRIMARY KEY,                       -- the order of adding
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    unit             TEXT    NOT NULL,                          -- names it in products
    name_long        TEXT    NOT NULL,                          -- in words, like kilogram
    name_short       TEXT    NOT NULL,                          -- its sign, like kg
    name_long_i18n   TEXT    NOT NULL,                          -- JSON object: in other languages
    name_short_i18n  TEXT    NOT NULL,                          -- JSON object: in other languages
    allow_fraction   INTEGER NOT NULL CHECK (allow_fraction IN (0, 1)), -- 1: there can be half of one
    precision_level  INTEGER NOT NULL CHECK (precision_level BETWEEN 0 AND 6), -- digits behind the dot
    is_active        INTEGER NOT NULL CHECK (is_active IN (0, 1)), -- 0: not offered for new products
    UNIQUE (instance_serial, unit)
) STRICT;

CREATE TABLE webhook_deliveries (
    serial            INTEGER PRIMARY KEY AUTOINCREMENT,        -- the order of sending; never used again
    webhook_serial    INTEGER NOT NULL REFERENCES webhooks (serial) ON DELETE CASCADE, -- to which webhook
    event_serial      INTEGER NOT NULL REFERENCES webhook_events (serial) ON DELETE CASCADE, -- what it tells
    state             INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)), -- 0: waiting, 1: delivered, 2: given up, 3: cancelled
    attempts          INTEGER NOT NULL,                         -- how many were made since it began to wait
    next_attempt_s    INTEGER,                                  -- not before, seconds since 1970; NULL: it does not wait
    scheduled_at_s    INTEGER NOT NULL,                         -- when next_attempt_s was chosen, seconds since 1970
    last_attempt_s    INTEGER,                                  -- seconds since 1970; NULL: none was made
    last_http_status  INTEGER,                                  -- of the last attempt's answer; NULL: there was none
    last_error        TEXT,                                     -- why the last attempt failed, for people; NULL: it did not
    took_ms           INTEGER,                                  -- how long the last attempt took; NULL: none was made
    answer_head       TEXT,                                     -- beginning of the last answer's body; NULL: there was none
    ended_at_s        INTEGER,                                  -- since when it waits no more, seconds since 1970; NULL: it waits
    CHECK ((state = 0) = (next_attempt_s IS NOT NULL)),
    CHECK ((state = 0) = (ended_at_s IS NULL))
) STRICT;

CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_serial);

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_serial, serial);

CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (state, ended_at_s) WHERE state <> 0;

CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_serial, serial)
    WHERE state = 0 AND attempts < 3;

CREATE INDEX webhook_deliveries_overtaken ON webhook_deliveries (webhook_serial, next_attempt_s)
    WHERE state = 0 AND attempts >= 3;

CREATE TABLE webhook_events (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- the order of events; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- at which shop
    event_type       TEXT    NOT NULL,                          -- order_created, pay, refund, …
    event_id         BLOB    NOT NULL UNIQUE CHECK (length(event_id) = 16), -- random; the receiver knows repeats by it
    at_s             INTEGER NOT NULL,                          -- when it happened, seconds since 1970
    order_serial     INTEGER REFERENCES orders (serial) ON DELETE SET NULL, -- with which order; NULL: none, or it was deleted
    variables        TEXT    NOT NULL                           -- JSON object: what templates can insert and no other row has
) STRICT;

CREATE INDEX webhook_events_by_instance ON webhook_events (instance_serial);

CREATE INDEX webhook_events_by_order ON webhook_events (order_serial) WHERE order_serial IS NOT NULL;

CREATE TABLE webhooks (
    serial              INTEGER PRIMARY KEY,                    -- names the row; the order of adding
    instance_serial     INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    webhook_id          TEXT    NOT NULL,                       -- names it in URLs
    event_type          TEXT    NOT NULL,                       -- of what it tells: order_created, pay, refund, …
    url                 TEXT    NOT NULL,                       -- http(s) URL, a template
    http_method         TEXT    NOT NULL,                       -- GET, POST, …
    header_template     TEXT,                                   -- lines of headers, a template; NULL: none
    body_template       TEXT,                                   -- the body, a template; NULL: the default body
    secret              BLOB    NOT NULL CHECK (length(secret) BETWEEN 24 AND 64), -- key of the signatures
    old_secret          BLOB    CHECK (length(old_secret) BETWEEN 24 AND 64), -- the key before; NULL: none
    old_secret_until_s  INTEGER,                                -- until when the old key signs as well, seconds since 1970; NULL: there is none
    active              INTEGER NOT NULL CHECK (active IN (0, 1)), -- 1: it is told
    disabled_why        TEXT    CHECK (disabled_why IN ('gone', 'failing')), -- why tilld has taken it out of use: gone, failing; NULL: it has not
    created_at_s        INTEGER NOT NULL,                       -- seconds since 1970
    last_success_s      INTEGER,                                -- last delivery, seconds since 1970; NULL: none yet
    failing_since_s     INTEGER,                                -- first failure since then, seconds since 1970; NULL: none
    UNIQUE (instance_serial, webhook_id),
    CHECK ((old_secret IS NULL) = (old_secret_until_s IS NULL)),
    CHECK (active = 0 OR disabled_why IS NULL)
) STRICT;

CREATE INDEX webhooks_by_event ON webhooks (instance_serial, event_type) WHERE active = 1;
