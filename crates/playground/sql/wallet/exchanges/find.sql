SELECT serial, master_pub, currency FROM exchanges WHERE base_url = :base_url
