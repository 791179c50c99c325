-- Pictures of products as data URLs, each once per shop, however many products have it.
CREATE TABLE images (
    serial           INTEGER PRIMARY KEY,                       -- names it in products
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    hash             BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of what follows "base64," in text; names it in public addresses
    url_hash         BLOB    NOT NULL CHECK (length(url_hash) = 32), -- SHA-256 of text, which is answered as well
    size             INTEGER NOT NULL,                          -- length of text in bytes
    text             TEXT    NOT NULL,                          -- data:image/…;base64,…
    UNIQUE (instance_serial, url_hash)
) STRICT;

CREATE INDEX images_by_hash ON images (hash);
CREATE INDEX images_by_url_hash ON images (url_hash);

-- What products are counted in, besides the units that are built in; and what a shop has changed of those.
CREATE TABLE units (
    serial           INTEGER PRIMARY KEY,                       -- the order of adding
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    unit             TEXT    NOT NULL,                          -- names it in products
    name_long        TEXT    NOT NULL,                          -- in words, like kilogram
    name_short       TEXT    NOT NULL,                          -- its sign, like kg
    name_long_i18n   TEXT    NOT NULL,                          -- JSON object: in other languages
    name_short_i18n  TEXT    NOT NULL,                          -- JSON object: in other languages
    allow_fraction   INTEGER NOT NULL CHECK (allow_fraction IN (0, 1)), -- 1: there can be half of one
    precision_level  INTEGER NOT NULL CHECK (precision_level BETWEEN 0 AND 6), -- digits behind the dot
    is_active        INTEGER NOT NULL CHECK (is_active IN (0, 1)), -- 0: not offered for new products
    UNIQUE (instance_serial, unit)
) STRICT;

-- Where products stand in a point of sale.
CREATE TABLE categories (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    name_i18n        TEXT    NOT NULL,                          -- JSON object: in other languages
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX categories_by_instance ON categories (instance_serial, serial);

-- Labels by which a shop sorts products for itself.
CREATE TABLE product_groups (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    description      TEXT    NOT NULL,                          -- the shop's own note
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX product_groups_by_instance ON product_groups (instance_serial, serial);

-- To which purpose income is booked.
CREATE TABLE money_pots (
    serial           INTEGER PRIMARY KEY AUTOINCREMENT,         -- its id; never used again
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    name             TEXT    NOT NULL,                          -- what it is called
    description      TEXT    NOT NULL,                          -- the shop's own note
    UNIQUE (instance_serial, name)
) STRICT;

CREATE INDEX money_pots_by_instance ON money_pots (instance_serial, serial);

-- What is in them, a row per currency.
CREATE TABLE money_pot_totals (
    pot_serial  INTEGER NOT NULL REFERENCES money_pots (serial) ON DELETE CASCADE, -- of which pot
    currency    TEXT    NOT NULL,                               -- like EUR
    amount      TEXT    NOT NULL,                               -- like EUR:1.5
    PRIMARY KEY (pot_serial, currency)
) STRICT, WITHOUT ROWID;

-- What a shop sells. Stock, sold and lost only grow: what is there is the first less both others.
CREATE TABLE products (
    serial              INTEGER PRIMARY KEY AUTOINCREMENT,      -- its place in the shop's list; never used again
    instance_serial     INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose it is
    product_id          TEXT    NOT NULL,                       -- the shop's own name for it
    name                TEXT    NOT NULL,                       -- what it is called
    name_folded         TEXT    NOT NULL,                       -- the same in lower case, to be searched
    description         TEXT    NOT NULL,                       -- in words
    description_folded  TEXT    NOT NULL,                       -- the same in lower case, to be searched
    description_i18n    TEXT    NOT NULL,                       -- JSON object: in other languages
    unit                TEXT    NOT NULL,                       -- what it is counted in
    allow_fraction      INTEGER NOT NULL CHECK (allow_fraction IN (0, 1)), -- 1: there can be half of one
    precision_level     INTEGER NOT NULL CHECK (precision_level BETWEEN 0 AND 6), -- digits behind the dot
    stock_u             INTEGER,                                -- what was ever stocked, in millionths; NULL: without end
    sold_u              INTEGER NOT NULL,                       -- what was ever sold, in millionths
    lost_u              INTEGER NOT NULL,                       -- what was ever lost, in millionths
    prices              TEXT    NOT NULL,                       -- JSON list of amounts for one, a currency each
    price_is_net        INTEGER NOT NULL CHECK (price_is_net IN (0, 1)), -- 1: taxes are added to prices
    group_serial        INTEGER REFERENCES product_groups (serial) ON DELETE SET NULL, -- NULL: none
    pot_serial          INTEGER REFERENCES money_pots (serial) ON DELETE SET NULL, -- where its income is booked; NULL: nowhere
    image_serial        INTEGER REFERENCES images (serial),     -- its picture; NULL: none
    taxes               TEXT    NOT NULL,                       -- JSON list of taxes on one
    address             TEXT,                                   -- JSON: where it is; NULL: not said
    next_restock_s      INTEGER,                                -- when there is more, seconds since 1970; 0: not known; NULL: never
    minimum_age         INTEGER NOT NULL,                       -- of the customer, in years
    UNIQUE (instance_serial, product_id)
) STRICT;

CREATE INDEX products_by_instance ON products (instance_serial, serial);
CREATE INDEX products_by_group ON products (group_serial) WHERE group_serial IS NOT NULL;
CREATE INDEX products_by_pot ON products (pot_serial) WHERE pot_serial IS NOT NULL;
CREATE INDEX products_by_image ON products (image_serial) WHERE image_serial IS NOT NULL;

-- Which products are in which categories.
CREATE TABLE product_categories (
    product_serial   INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- which product
    category_serial  INTEGER NOT NULL REFERENCES categories (serial) ON DELETE CASCADE, -- is in which category
    PRIMARY KEY (product_serial, category_serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_categories_by_category ON product_categories (category_serial, product_serial);

-- Stock that is kept for a customer who has not ordered yet.
CREATE TABLE product_locks (
    product_serial   INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- of which product
    uuid             TEXT    NOT NULL,                          -- the client's name for the customer
    instance_serial  INTEGER NOT NULL REFERENCES instances (serial) ON DELETE CASCADE, -- whose product it is
    quantity_u       INTEGER NOT NULL,                          -- how much, in millionths
    expires_at_s     INTEGER NOT NULL,                          -- until when, seconds since 1970
    PRIMARY KEY (product_serial, uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX product_locks_by_uuid ON product_locks (instance_serial, uuid);

-- What of the inventory an order takes. While it is open its stock is reserved, until the order's pay deadline.
CREATE TABLE order_products (
    order_serial    INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- which order
    line            INTEGER NOT NULL,                           -- counts the order's lines from 0
    product_serial  INTEGER REFERENCES products (serial) ON DELETE SET NULL, -- which product; NULL: it is deleted
    quantity_u      INTEGER NOT NULL,                           -- how much, in millionths
    is_reserved     INTEGER NOT NULL CHECK (is_reserved IN (0, 1)), -- 0: nothing is reserved, it only counts as sold with the payment
    is_open         INTEGER NOT NULL CHECK (is_open IN (0, 1)), -- 1: not sold yet
    expires_at_s    INTEGER NOT NULL,                           -- until when it is reserved, seconds since 1970
    PRIMARY KEY (order_serial, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_products_by_product ON order_products (product_serial, is_open, is_reserved, expires_at_s, quantity_u);

-- To which pots an order's payment is booked.
CREATE TABLE order_pots (
    order_serial  INTEGER NOT NULL REFERENCES orders (serial) ON DELETE CASCADE, -- which order
    pot_serial    INTEGER NOT NULL REFERENCES money_pots (serial) ON DELETE CASCADE, -- to which pot
    amount        TEXT    NOT NULL,                             -- how much of the price, like EUR:1.5
    PRIMARY KEY (order_serial, pot_serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_pots_by_pot ON order_pots (pot_serial);
