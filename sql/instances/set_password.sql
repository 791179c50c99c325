UPDATE instances SET password_hash = :password_hash WHERE serial = :serial
