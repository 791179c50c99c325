-- What a customer handed over for a payment at the counter, like EUR:20; NULL: nobody said.
ALTER TABLE payments ADD COLUMN given TEXT;
