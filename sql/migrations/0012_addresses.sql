-- Under which addresses the shops' own programs and browsers found the daemon. Without a configured
-- address, orders that strangers make name one of these, and not what a stranger says.
CREATE TABLE addresses (
    instance   INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose programs
    root       TEXT    NOT NULL,                  -- http(s) URL of the daemon's root, with a slash at its end
    used_at_s  INTEGER NOT NULL,                  -- first use since a start of the daemon, in seconds since 1970
    PRIMARY KEY (instance, root)
) STRICT, WITHOUT ROWID;
