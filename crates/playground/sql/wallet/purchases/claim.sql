UPDATE purchases SET state = 'claimed', contract = :contract, h_contract = :h_contract,
    offer_sig = :offer_sig, merchant_pub = :merchant_pub, fulfillment_url = :fulfillment_url
WHERE serial = :serial AND state = 'claiming'
