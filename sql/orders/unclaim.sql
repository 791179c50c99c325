UPDATE orders
SET nonce = NULL, h_contract = NULL, terms = :terms
WHERE serial = :order_serial AND nonce = :nonce AND paid_at_s IS NULL
