-- A deleted instance that still has refunds to ask for keeps its key until the last one is answered.
ALTER TABLE instances ADD COLUMN deletion INTEGER NOT NULL DEFAULT 0 CHECK (deletion IN (0, 1, 2)); -- 0: in use or without a key, 1: its key goes with its last refund, 2: all of it does
