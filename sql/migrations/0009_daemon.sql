-- Under which addresses the shops' own programs and browsers found the daemon. Without a configured
-- address, orders that strangers make name one of these, and not what a stranger says.
CREATE TABLE addresses (
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose programs
    root             TEXT    NOT NULL,                          -- http(s) URL of the daemon's root, with a slash at its end
    used_at_s        INTEGER NOT NULL,                          -- first use since a start of the daemon, in seconds since 1970
    PRIMARY KEY (instance_serial, root)
) STRICT, WITHOUT ROWID;

-- What time it was when the daemon last ran with a clock that could be believed: whether a clock has
-- jumped is seen by it after a start, too.
CREATE TABLE clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1),              -- there is one row
    seen_at_s  INTEGER NOT NULL                                 -- seconds since 1970
) STRICT;
