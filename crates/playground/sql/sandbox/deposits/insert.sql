INSERT INTO deposits (
    batch, coin, merchant_pub, h_contract, contribution, fee, coin_sig, refunded
) VALUES (
    :batch, :coin, :merchant_pub, :h_contract, :contribution, :fee, :coin_sig, 0
)
