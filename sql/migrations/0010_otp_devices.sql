-- Machines without network that show one-time codes, by which their owner sees that a customer has paid.
CREATE TABLE otp_devices (
    serial           INTEGER PRIMARY KEY,                       -- names the row; the order of adding
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    device_id        TEXT    NOT NULL,                          -- names it in URLs
    description      TEXT    NOT NULL,                          -- the shop's own note
    key              BLOB    NOT NULL CHECK (length(key) > 0),  -- the secret that the machine has too
    algorithm        INTEGER NOT NULL CHECK (algorithm IN (0, 1, 2)), -- 0: no codes, 1: of the time, 2: of time and price
    ctr              INTEGER NOT NULL,                          -- the counter that the API keeps; no code depends on it
    UNIQUE (instance_serial, device_id)
) STRICT;

CREATE INDEX otp_devices_by_instance ON otp_devices (instance_serial, serial);

-- The device whose codes the customer gets; NULL: none, or it was deleted.
ALTER TABLE templates ADD COLUMN otp_device_serial INTEGER REFERENCES otp_devices (serial) ON DELETE SET NULL;
ALTER TABLE orders ADD COLUMN otp_device_serial INTEGER REFERENCES otp_devices (serial) ON DELETE SET NULL;

CREATE INDEX templates_by_otp_device ON templates (otp_device_serial) WHERE otp_device_serial IS NOT NULL;
CREATE INDEX orders_by_otp_device ON orders (otp_device_serial) WHERE otp_device_serial IS NOT NULL;
