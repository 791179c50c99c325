-- What the first hour needs: exchanges that are added while the daemon runs, the code by which the
-- first instance is made, and who has put the check list away.

-- Exchanges that the operator trusts, besides those in the settings file. One that is removed stays:
-- its coins may have been paid with, and what was begun with it is finished.
CREATE TABLE trusted_exchanges (
    base_url      TEXT    NOT NULL PRIMARY KEY,                     -- where the exchange is
    master_pub    BLOB    NOT NULL CHECK (length(master_pub) = 32), -- what its keys are verified with
    currency      TEXT    NOT NULL,                                 -- what its coins are in, like CHF
    added_at_s    INTEGER NOT NULL,                                 -- when, in seconds since 1970
    removed_at_s  INTEGER                                           -- the same; NULL: new orders offer it
) STRICT;

-- The code by which the first instance is made in a browser. It goes with the first instance.
CREATE TABLE setup_code (
    id            INTEGER PRIMARY KEY CHECK (id = 1),               -- there is one row at most
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 64),  -- SHA-512 of the code
    expires_at_s  INTEGER NOT NULL                                  -- seconds since 1970
) STRICT;

-- Instances whose keeper does not want to see the check list any more.
CREATE TABLE hidden_check_lists (
    instance     INTEGER NOT NULL PRIMARY KEY REFERENCES instances (serial) ON DELETE CASCADE, -- whose
    hidden_at_s  INTEGER NOT NULL                                   -- seconds since 1970
) STRICT;
