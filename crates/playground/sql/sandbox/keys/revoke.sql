UPDATE denominations SET revoked = 1 WHERE h_denom = :h_denom
