    AND session_id = :session_id
