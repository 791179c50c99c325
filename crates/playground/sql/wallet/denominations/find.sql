SELECT serial FROM denominations WHERE exchange = :exchange AND h_denom = :h_denom
