-- When the days of a shop's books end.
ALTER TABLE instances ADD COLUMN time_zone TEXT; -- name in the IANA database; NULL: the daemon's
ALTER TABLE instances ADD COLUMN day_end_hour INTEGER NOT NULL DEFAULT 0 CHECK (day_end_hour BETWEEN 0 AND 23); -- by the clock in that zone
