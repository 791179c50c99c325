UPDATE instances
SET deletion = max(deletion, :deletion), password_hash = NULL
WHERE serial = :serial
