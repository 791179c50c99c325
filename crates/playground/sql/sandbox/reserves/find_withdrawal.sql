SELECT reserve, ev_sig FROM withdrawals WHERE h_coin_ev = :h_coin_ev
