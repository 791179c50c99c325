-- scans: the index of payments that are on their way, all of which are asked for
SELECT serial, base_url, order_id, claim_token, nonce_seed, state, contract, h_contract, session_id, receipt, reason
FROM purchases
WHERE state IN ('paying', 'aborting')
ORDER BY serial
