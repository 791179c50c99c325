INSERT INTO purchases (base_url, order_id, claim_token, nonce_seed, session_id, state)
VALUES (:base_url, :order_id, :claim_token, :nonce_seed, :session_id, 'claiming')
