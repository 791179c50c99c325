UPDATE orders SET nonce = :nonce, h_contract = :h_contract, terms = :terms, claimed_at_s = :now_s
WHERE serial = :order_serial AND nonce IS NULL
