-- Logos of shops as contracts have them, each once, however many orders it stands in.
CREATE TABLE logos (
    serial    INTEGER PRIMARY KEY,                              -- names it in orders
    instance  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),       -- SHA-256 of text
    text      TEXT    NOT NULL,                                 -- what stands between the quotes, as JSON writes it
    UNIQUE (instance, hash)
) STRICT;

-- The logo that was taken out of terms, and where it stood, in bytes; NULL: none was.
ALTER TABLE orders ADD COLUMN logo_serial INTEGER REFERENCES logos (serial);
ALTER TABLE orders ADD COLUMN logo_at INTEGER;

-- 1: somebody without a token of the shop made the order, of a template.
ALTER TABLE orders ADD COLUMN by_stranger INTEGER NOT NULL DEFAULT 0 CHECK (by_stranger IN (0, 1));

CREATE INDEX orders_by_logo ON orders (logo_serial) WHERE logo_serial IS NOT NULL;
CREATE INDEX orders_of_strangers ON orders (instance) WHERE by_stranger = 1 AND paid_at_s IS NULL;
CREATE INDEX orders_of_strangers_by_deadline ON orders (pay_deadline_s)
    WHERE by_stranger = 1 AND paid_at_s IS NULL;
