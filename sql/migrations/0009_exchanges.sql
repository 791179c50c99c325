-- What exchanges said of their keys the last time. A copy: verified again whenever it is read, and
-- fetched again when it is gone.
CREATE TABLE exchange_keys (
    base_url    TEXT    NOT NULL,                  -- where the exchange is
    master_pub  BLOB    NOT NULL,                  -- what the list is verified with
    keys        TEXT    NOT NULL,                  -- the answer to GET /keys, as it came
    fetched_at  INTEGER NOT NULL,                  -- when, in seconds since 1970
    expires     INTEGER NOT NULL,                  -- until when it is good, in seconds since 1970
    PRIMARY KEY (base_url, master_pub)
) STRICT;
