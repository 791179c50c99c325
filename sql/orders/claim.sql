UPDATE orders
SET nonce = :nonce, h_contract = :h_contract, terms = :terms, logo_serial = :logo_serial,
    logo_at = :logo_at, claimed_at_s = :now_s
WHERE serial = :order_serial AND nonce IS NULL
