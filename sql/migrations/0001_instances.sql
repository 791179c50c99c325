-- One row a shop.
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
