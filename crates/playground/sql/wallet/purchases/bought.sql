WHERE fulfillment_url = :fulfillment_url AND state = 'paid' AND base_url = :base_url
    AND merchant_pub = :merchant_pub
ORDER BY serial DESC
