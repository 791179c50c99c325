-- What a shop's programs want to be told, and where.
CREATE TABLE webhooks (
    serial              INTEGER PRIMARY KEY,                    -- names the row; the order of adding
    instance_serial     INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    webhook_id          TEXT    NOT NULL,                       -- names it in URLs
    event_type          TEXT    NOT NULL,                       -- of what it tells: order_created, pay, refund, …
    url                 TEXT    NOT NULL,                       -- http(s) URL, a template
    http_method         TEXT    NOT NULL,                       -- GET, POST, …
    header_template     TEXT,                                   -- lines of headers, a template; NULL: none
    body_template       TEXT,                                   -- the body, a template; NULL: the default body
    secret              BLOB    NOT NULL CHECK (length(secret) BETWEEN 24 AND 64), -- key of the signatures
    old_secret          BLOB    CHECK (length(old_secret) BETWEEN 24 AND 64), -- the key before; NULL: none
    old_secret_until_s  INTEGER,                                -- until when the old key signs as well, seconds since 1970; NULL: there is none
    active              INTEGER NOT NULL CHECK (active IN (0, 1)), -- 1: it is told
    disabled_why        TEXT    CHECK (disabled_why IN ('gone', 'failing')), -- why tilld has taken it out of use: gone, failing; NULL: it has not
    created_at_s        INTEGER NOT NULL,                       -- seconds since 1970
    last_success_s      INTEGER,                                -- last delivery, seconds since 1970; NULL: none yet
    failing_since_s     INTEGER,                                -- first failure since then, seconds since 1970; NULL: none
    UNIQUE (instance_serial, webhook_id),
    CHECK ((old_secret IS NULL) = (old_secret_until_s IS NULL)),
    CHECK (active = 0 OR disabled_why IS NULL)
) STRICT;

CREATE INDEX webhooks_by_event ON webhooks (instance_serial, event_type) WHERE active = 1;

-- What has happened, each once, however many webhooks are told of it. Written with what happened, in one
-- transaction.
CREATE TABLE webhook_events (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- the order of events; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- at which shop
    event_type       TEXT    NOT NULL,                          -- order_created, pay, refund, …
    event_id         BLOB    NOT NULL UNIQUE CHECK (length(event_id) = 16), -- random; the receiver knows repeats by it
    at_s             INTEGER NOT NULL,                          -- when it happened, seconds since 1970
    order_serial     INTEGER REFERENCES orders (serial) ON DELETE SET NULL, -- with which order; NULL: none, or it was deleted
    variables        TEXT    NOT NULL                           -- JSON object: what templates can insert and no other row has
) STRICT;

CREATE INDEX webhook_events_by_instance ON webhook_events (instance_serial);
CREATE INDEX webhook_events_by_order ON webhook_events (order_serial) WHERE order_serial IS NOT NULL;

-- One event on its way to one webhook. After three failures later events may overtake it.
CREATE TABLE webhook_deliveries (
    serial            INTEGER PRIMARY KEY AUTOINCREMENT,        -- the order of sending; never used again
    webhook_serial    INTEGER NOT NULL REFERENCES webhooks (serial) ON DELETE CASCADE, -- to which webhook
    event_serial      INTEGER NOT NULL REFERENCES webhook_events (serial) ON DELETE CASCADE, -- what it tells
    state             INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)), -- 0: waiting, 1: delivered, 2: given up, 3: cancelled
    attempts          INTEGER NOT NULL,                         -- how many were made since it began to wait
    next_attempt_s    INTEGER,                                  -- not before, seconds since 1970; NULL: it does not wait
    scheduled_at_s    INTEGER NOT NULL,                         -- when next_attempt_s was chosen, seconds since 1970
    last_attempt_s    INTEGER,                                  -- seconds since 1970; NULL: none was made
    last_http_status  INTEGER,                                  -- of the last attempt's answer; NULL: there was none
    last_error        TEXT,                                     -- why the last attempt failed, for people; NULL: it did not
    took_ms           INTEGER,                                  -- how long the last attempt took; NULL: none was made
    answer_head       TEXT,                                     -- beginning of the last answer's body; NULL: there was none
    ended_at_s        INTEGER,                                  -- since when it waits no more, seconds since 1970; NULL: it waits
    CHECK ((state = 0) = (next_attempt_s IS NOT NULL)),
    CHECK ((state = 0) = (ended_at_s IS NULL))
) STRICT;

CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_serial, serial)
    WHERE state = 0 AND attempts < 3;
CREATE INDEX webhook_deliveries_overtaken ON webhook_deliveries (webhook_serial, next_attempt_s)
    WHERE state = 0 AND attempts >= 3;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (state, ended_at_s) WHERE state <> 0;
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_serial, serial);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_serial);
