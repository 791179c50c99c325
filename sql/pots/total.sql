SELECT amount FROM money_pot_totals WHERE pot_serial = :serial AND currency = :currency
