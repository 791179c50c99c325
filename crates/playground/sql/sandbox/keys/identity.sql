SELECT master_seed, currency, made_at_s FROM identity WHERE only_row = 1
