UPDATE orders SET paid_session = :paid_session
WHERE serial = :order_serial AND paid_at_s IS NOT NULL AND paid_session IS NOT :paid_session
