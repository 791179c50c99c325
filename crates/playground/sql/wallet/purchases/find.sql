SELECT serial, base_url, order_id, claim_token, nonce_seed, state, contract, h_contract, session_id, receipt, reason
FROM purchases
WHERE base_url = :base_url AND order_id = :order_id
