UPDATE instances SET private_key = NULL, password_hash = NULL WHERE serial = :serial
