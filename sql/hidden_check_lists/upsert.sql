INSERT INTO hidden_check_lists (instance_serial, hidden_at_s)
VALUES (:instance, :hidden_at_s)
ON CONFLICT (instance_serial) DO NOTHING
