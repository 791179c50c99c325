-- The sum of the migrations, to be read. Written by: TILLD_WRITE_SCHEMA=1 cargo test --test it sql

CREATE TABLE accounts (
    serial                       INTEGER PRIMARY KEY,           -- names the row; the order of adding
    instance                     INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    payto_uri                    TEXT    NOT NULL,              -- full payto URI, byte for byte
    salt                         BLOB    NOT NULL CHECK (length(salt) = 16), -- random, of 16 bytes
    h_wire                       BLOB    NOT NULL CHECK (length(h_wire) = 64), -- salted hash of payto_uri
    active                       INTEGER NOT NULL CHECK (active IN (0, 1)), -- 1: new orders may use it
    credit_facade_url            TEXT,                          -- where the bank tells of transfers; NULL: nowhere
    credit_facade_credentials    TEXT,                          -- JSON object, secret; NULL: none
    extra_wire_subject_metadata  TEXT,                          -- for the subject of transfers; NULL: nothing
    UNIQUE (instance, payto_uri),
    UNIQUE (instance, h_wire)
) STRICT;

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
    created_at_s                    INTEGER NOT NULL            -- seconds since 1970
) STRICT;

CREATE TABLE tokens (
    serial         INTEGER PRIMARY KEY AUTOINCREMENT,           -- names the token for the shop; never used again
    instance       INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- which it opens
    hash           BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token's text
    scope          TEXT    NOT NULL,                            -- like order-full or all:refreshable
    is_static      INTEGER NOT NULL CHECK (is_static IN (0, 1)), -- 1: the fixed token of before protocol 19
    created_at_s   INTEGER NOT NULL,                            -- seconds since 1970
    expires_at_s   INTEGER,                                     -- seconds since 1970; NULL: never
    description    TEXT                                         -- the shop's own note; NULL: none
) STRICT;

CREATE INDEX tokens_by_expiry ON tokens (expires_at_s) WHERE expires_at_s IS NOT NULL;

CREATE INDEX tokens_by_instance ON tokens (instance, serial);
