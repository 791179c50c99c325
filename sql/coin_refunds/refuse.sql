UPDATE coin_refunds
SET refused_status = :refused_status, refused_code = :refused_code, refused_reply = :refused_reply
WHERE serial = :serial AND exchange_sig IS NULL
