INSERT INTO hidden_check_lists (instance, hidden_at_s)
VALUES (:instance, :hidden_at_s)
ON CONFLICT (instance) DO NOTHING
