-- How the stock of products changes by hand, and below which quantity a product is to be bought again.
ALTER TABLE products ADD COLUMN low_stock_u INTEGER;

-- How much of an order's line was put back into stock, in millionths, because the customer has returned it.
ALTER TABLE order_products ADD COLUMN returned_u INTEGER NOT NULL DEFAULT 0;

-- Every change of a stock by hand, the newest ones of each product.
CREATE TABLE stock_movements (
    serial          INTEGER PRIMARY KEY AUTOINCREMENT,          -- the order of what happened; never used again
    product_serial  INTEGER NOT NULL REFERENCES products (serial) ON DELETE CASCADE, -- of which product
    at_s            INTEGER NOT NULL,                           -- when, seconds since 1970
    reason          TEXT    NOT NULL,                           -- delivery, breakage, own-use, count, return or uncounted
    change_u        INTEGER NOT NULL,                           -- how much more is there, in millionths; below 0: less
    left_u          INTEGER,                                    -- how much was there then, in millionths; NULL: without end
    who             TEXT    NOT NULL,                           -- who did it, as the shop calls them; may be empty
    note            TEXT    NOT NULL                            -- the shop's own note, or the number of the order; may be empty
) STRICT;

CREATE INDEX stock_movements_by_product ON stock_movements (product_serial, serial);
