UPDATE orders
SET paid_at_s = :paid_at_s, paid_session = :paid_session, nonce = ifnull(nonce, :nonce),
    h_contract = ifnull(h_contract, :h_contract), terms = ifnull(:terms, terms),
    logo_serial = iif(:terms IS NULL, logo_serial, :logo_serial),
    logo_at = iif(:terms IS NULL, logo_at, :logo_at),
    refund_deadline_s = :refund_deadline_s
WHERE serial = :order_serial AND paid_at_s IS NULL AND (nonce IS NULL) = (:nonce IS NOT NULL)
