UPDATE deposits SET transfer = :transfer WHERE serial = :serial AND transfer IS NULL
