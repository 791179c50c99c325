-- People who sell at the till, see what was sold today, and may do nothing else.
CREATE TABLE cashiers (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the cashier in the books; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- for which shop
    name             TEXT    NOT NULL,                          -- as the shop calls the cashier
    pin_hash         TEXT,                                      -- argon2id of the PIN, as PHC text; NULL: may not sign in any more
    wrong_pins       INTEGER NOT NULL DEFAULT 0,                -- how often a wrong PIN was typed since the last right one
    locked_until_s   INTEGER,                                   -- until when no PIN is looked at, seconds since 1970; NULL: not locked
    created_at_s     INTEGER NOT NULL                           -- seconds since 1970
) STRICT;

CREATE UNIQUE INDEX cashiers_by_name ON cashiers (instance_serial, name) WHERE pin_hash IS NOT NULL;
CREATE INDEX cashiers_by_instance ON cashiers (instance_serial, serial);

-- Browsers at which cashiers may sign in.
CREATE TABLE till_devices (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- names the device for the shop; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- for which shop
    hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of what the browser's cookie says
    browser          TEXT    NOT NULL,                          -- name of the browser (User-Agent, shortened)
    created_at_s     INTEGER NOT NULL                           -- seconds since 1970
) STRICT;

CREATE INDEX till_devices_by_instance ON till_devices (instance_serial, serial);

-- Who made a sale, or took the money for it at the counter.
CREATE TABLE order_cashiers (
    order_serial    INTEGER PRIMARY KEY REFERENCES orders (serial) ON DELETE CASCADE, -- which sale
    cashier_serial  INTEGER NOT NULL REFERENCES cashiers (serial) ON DELETE CASCADE -- whose
) STRICT;

CREATE INDEX order_cashiers_by_cashier ON order_cashiers (cashier_serial);

ALTER TABLE tokens ADD COLUMN
    cashier_serial   INTEGER REFERENCES cashiers (serial) ON DELETE CASCADE; -- whose web session it is; NULL: the owner's, or a token

CREATE INDEX tokens_by_cashier ON tokens (cashier_serial) WHERE cashier_serial IS NOT NULL;
