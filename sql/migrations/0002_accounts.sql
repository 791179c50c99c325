-- Where an instance's money goes. Rows are put out of use, never changed: contracts name h_wire.
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
