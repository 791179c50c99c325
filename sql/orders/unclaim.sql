UPDATE orders
SET nonce = NULL, h_contract = NULL, terms = :terms, claimed_at_s = NULL
WHERE serial = :order_serial AND nonce = :nonce AND paid_at_s IS NULL
