SELECT serial, base_url, order_id, claim_token, nonce_seed, state, contract, h_contract, session_id, receipt, reason
FROM purchases
