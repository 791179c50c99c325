INSERT INTO clock (id, seen_at_s)
VALUES (1, :seen_at_s)
ON CONFLICT (id) DO UPDATE
SET seen_at_s = :seen_at_s
