UPDATE coins SET ub_sig = :ub_sig, remaining = :value, blinding_seed = NULL
WHERE serial = :serial AND ub_sig IS NULL
