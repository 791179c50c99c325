INSERT INTO denominations (
    h_denom, value, fee_withdraw, fee_deposit, fee_refresh, fee_refund, age_mask, public_key,
    private_exponent, start_s, expire_withdraw_s, expire_deposit_s, expire_legal_s
) VALUES (
    :h_denom, :value, :fee_withdraw, :fee_deposit, :fee_refresh, :fee_refund, :age_mask, :public_key,
    :private_exponent, :start_s, :expire_withdraw_s, :expire_deposit_s, :expire_legal_s
)
