INSERT INTO denominations (exchange, h_denom, rsa_pub, value, fee_withdraw, fee_deposit, fee_refund,
    expire_deposit_s)
VALUES (:exchange, :h_denom, :rsa_pub, :value, :fee_withdraw, :fee_deposit, :fee_refund,
    :expire_deposit_s)
ON CONFLICT (exchange, h_denom) DO NOTHING
