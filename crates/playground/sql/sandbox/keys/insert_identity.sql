INSERT INTO identity (only_row, master_seed, currency, made_at_s)
VALUES (1, :master_seed, :currency, :made_at_s)
