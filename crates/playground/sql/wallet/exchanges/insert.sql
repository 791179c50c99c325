INSERT INTO exchanges (base_url, master_pub, currency) VALUES (:base_url, :master_pub, :currency)
ON CONFLICT (base_url) DO NOTHING
