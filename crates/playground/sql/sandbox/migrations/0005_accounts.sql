-- Bank accounts of merchants, kept where a limit on deposits makes their owners matter.
CREATE TABLE accounts (
    serial             INTEGER PRIMARY KEY,                     -- the order in which they turned up
    payto              TEXT    NOT NULL UNIQUE,                 -- the full address, letter by letter
    h_payto            BLOB    NOT NULL CHECK (length(h_payto) = 32), -- hash of the normalised address
    account_pub        BLOB    CHECK (length(account_pub) = 32) -- the key that a transfer from it named; NULL: none yet
) STRICT;

CREATE INDEX accounts_by_hash ON accounts (h_payto);
