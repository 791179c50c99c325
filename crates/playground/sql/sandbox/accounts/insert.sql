INSERT INTO accounts (payto, h_payto) VALUES (:payto, :h_payto) ON CONFLICT (payto) DO NOTHING
