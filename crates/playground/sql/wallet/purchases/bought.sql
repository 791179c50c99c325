SELECT serial, base_url, order_id, claim_token, nonce_seed, state, contract, h_contract, session_id, receipt, reason
FROM purchases
WHERE fulfillment_url = :fulfillment_url AND state = 'paid' AND base_url = :base_url
    AND merchant_pub = :merchant_pub
ORDER BY serial DESC
