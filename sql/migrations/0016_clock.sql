-- What time it was when the daemon last ran with a clock that could be believed: whether a clock has
-- jumped is seen by it after a start, too.
CREATE TABLE clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1), -- there is one row
    seen_at_s  INTEGER NOT NULL                    -- seconds since 1970
) STRICT;
