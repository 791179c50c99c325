UPDATE purchases SET session_id = :session_id WHERE serial = :serial
