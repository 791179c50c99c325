-- The code by which the first instance is made in a browser. It goes with the first instance.
CREATE TABLE setup_code (
    id            INTEGER PRIMARY KEY CHECK (id = 1),           -- there is one row at most
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 64), -- SHA-512 of the code
    expires_at_s  INTEGER NOT NULL                              -- seconds since 1970
) STRICT;

-- Instances whose shopkeeper does not want to see the check list any more.
CREATE TABLE hidden_check_lists (
    instance_serial  INTEGER NOT NULL PRIMARY KEY REFERENCES instances (serial) ON DELETE CASCADE, -- whose
    hidden_at_s      INTEGER NOT NULL                           -- seconds since 1970
) STRICT;
