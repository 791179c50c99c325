INSERT INTO spendings (purchase, coin, contribution) VALUES (:purchase, :coin, :contribution)
