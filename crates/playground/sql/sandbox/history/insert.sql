INSERT INTO coin_history (coin, deposit, refund, melt) VALUES (:coin, :deposit, :refund, :melt)
