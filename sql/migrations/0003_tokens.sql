-- What lets software act for an instance. The token itself is not here.
CREATE TABLE tokens (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the token for the shop; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- which it opens
    hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token's text
    scope            TEXT    NOT NULL,                          -- like order-full or all:refreshable
    kind             TEXT    NOT NULL CHECK (kind IN ('api', 'static', 'web')), -- static: the instance's fixed token of before protocol 19; web: a session of the back office
    browser          TEXT,                                      -- name of the browser (User-Agent, shortened) of a web session; NULL: no web session
    created_at_s     INTEGER NOT NULL,                          -- seconds since 1970
    expires_at_s     INTEGER,                                   -- seconds since 1970; NULL: never
    description      TEXT,                                      -- the shop's own note; NULL: none
    last_used_s      INTEGER,                                   -- seconds since 1970, to the minute; NULL: never
    CHECK ((kind = 'web') = (browser IS NOT NULL))
) STRICT;

CREATE INDEX tokens_by_instance ON tokens (instance_serial, serial);
CREATE INDEX tokens_by_expiry ON tokens (expires_at_s) WHERE expires_at_s IS NOT NULL;
