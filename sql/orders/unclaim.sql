UPDATE orders
SET nonce = NULL, h_contract = NULL, terms = :terms, logo_serial = :logo_serial,
    logo_at = :logo_at, claimed_at_s = NULL
WHERE serial = :order_serial AND nonce = :nonce AND paid_at_s IS NULL
