INSERT INTO withdrawals (h_coin_ev, reserve, denomination, ev_sig, made_at_s)
VALUES (:h_coin_ev, :reserve, :denomination, :ev_sig, :made_at_s)
ON CONFLICT (h_coin_ev) DO NOTHING
