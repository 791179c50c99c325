INSERT INTO reserves (reserve_pub, topped_up, withdrawn)
VALUES (:reserve_pub, :amount, 0)
ON CONFLICT (reserve_pub) DO UPDATE SET topped_up = topped_up + excluded.topped_up
