UPDATE orders SET nonce = :nonce, h_contract = :h_contract, terms = :terms
WHERE serial = :order_serial AND nonce IS NULL
