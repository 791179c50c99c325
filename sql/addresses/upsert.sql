INSERT INTO addresses (instance_serial, root, used_at_s)
SELECT serial, :root, :now_s FROM instances WHERE serial = :instance
ON CONFLICT (instance_serial, root) DO UPDATE SET used_at_s = excluded.used_at_s
