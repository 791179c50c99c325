INSERT INTO addresses (instance, root, used_at_s)
SELECT serial, :root, :now_s FROM instances WHERE serial = :instance
ON CONFLICT (instance, root) DO UPDATE SET used_at_s = excluded.used_at_s
