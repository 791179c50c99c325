-- Orders with blanks, which wallets fill in.
CREATE TABLE templates (
    serial             INTEGER PRIMARY KEY,                     -- the order of adding
    instance_serial    INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    template_id        TEXT    NOT NULL,                        -- names it in URLs
    description        TEXT    NOT NULL,                        -- the shop's own note
    contract           TEXT    NOT NULL,                        -- JSON object: what is fixed
    editable_defaults  TEXT,                                    -- JSON object: what is suggested; NULL: nothing
    UNIQUE (instance_serial, template_id)
) STRICT;

CREATE INDEX templates_by_instance ON templates (instance_serial, serial);
