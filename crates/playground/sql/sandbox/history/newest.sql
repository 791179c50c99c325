SELECT coalesce(max(serial), 0) AS newest FROM coin_history WHERE coin = :coin
