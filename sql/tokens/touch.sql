UPDATE tokens SET last_used_s = :now_s
WHERE serial = :serial AND (last_used_s IS NULL OR last_used_s <= :before_s)
