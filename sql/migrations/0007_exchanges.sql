-- Exchanges that the operator trusts, besides those in the settings file. One that is removed stays:
-- its coins may have been paid with, and what was begun with it is finished.
CREATE TABLE trusted_exchanges (
    base_url      TEXT    NOT NULL PRIMARY KEY,                 -- where the exchange is
    master_pub    BLOB    NOT NULL CHECK (length(master_pub) = 32), -- what its keys are verified with
    currency      TEXT    NOT NULL,                             -- what its coins are in, like CHF
    added_at_s    INTEGER NOT NULL,                             -- when, in seconds since 1970
    removed_at_s  INTEGER                                       -- the same; NULL: new orders offer it
) STRICT;

-- What exchanges said of their keys the last time. A copy: verified again whenever it is read, and
-- fetched again when it is gone.
CREATE TABLE exchange_keys (
    base_url      TEXT    NOT NULL,                             -- where the exchange is
    master_pub    BLOB    NOT NULL,                             -- what the list is verified with
    keys          TEXT    NOT NULL,                             -- the answer to GET /keys, as it came
    fetched_at_s  INTEGER NOT NULL,                             -- when, in seconds since 1970
    expires_at_s  INTEGER NOT NULL,                             -- until when it is good, in seconds since 1970
    PRIMARY KEY (base_url, master_pub)
) STRICT;

-- Accounts that exchanges would not pay to before they know whose they are.
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
