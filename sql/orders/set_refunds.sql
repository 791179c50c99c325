UPDATE orders
SET
    refund_granted = :refund_granted, refund_taken = :refund_taken,
    refund_refused = :refund_refused, refunded = :refunded
WHERE serial = :order_serial AND paid_at_s IS NOT NULL
