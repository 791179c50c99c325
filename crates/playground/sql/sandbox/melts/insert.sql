INSERT INTO melts (
    commitment, coin, amount, fee, coin_sig, noreveal_index, exchange_pub, exchange_sig, candidates, is_revealed
) VALUES (
    :commitment, :coin, :amount, :fee, :coin_sig, :noreveal_index, :exchange_pub, :exchange_sig, :candidates, 0
)
