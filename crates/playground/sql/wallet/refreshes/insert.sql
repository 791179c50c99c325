INSERT INTO refreshes (coin, protocol, seed, amount, fee, state, made_at_s)
VALUES (:coin, :protocol, :seed, :amount, :fee, 'melting', :made_at_s)
