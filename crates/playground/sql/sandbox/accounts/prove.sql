INSERT INTO accounts (payto, h_payto, account_pub) VALUES (:payto, :h_payto, :account_pub)
ON CONFLICT (payto) DO UPDATE SET account_pub = excluded.account_pub
