-- What is known of coins that the exchange has not confirmed: were they ever sent, and may a request
-- with them still be on its way?
ALTER TABLE deposits ADD COLUMN sent_at_s INTEGER; -- last sent without an answer that decides, seconds since 1970; NULL: the exchange does not have it, and nothing is on its way

UPDATE deposits
SET sent_at_s = unixepoch()
WHERE exchange_sig IS NULL;
