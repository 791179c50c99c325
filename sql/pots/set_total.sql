INSERT INTO money_pot_totals (pot_serial, currency, amount) VALUES (:serial, :currency, :amount)
ON CONFLICT (pot_serial, currency) DO UPDATE SET amount = excluded.amount
