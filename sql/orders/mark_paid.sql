UPDATE orders SET paid_at_s = :paid_at_s, paid_session = :paid_session
WHERE serial = :order_serial AND paid_at_s IS NULL AND nonce IS NOT NULL
