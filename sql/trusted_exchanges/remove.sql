UPDATE trusted_exchanges
SET removed_at_s = :removed_at_s
WHERE base_url = :base_url AND removed_at_s IS NULL
