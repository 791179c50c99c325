INSERT INTO deposits (
    order_serial, coin_pub, coin, deposit_fee, refund_fee, wallet_data_hash, session_id
)
VALUES (
    :order_serial, :coin_pub, :coin, :deposit_fee, :refund_fee, :wallet_data_hash, :session_id
)
ON CONFLICT (order_serial, coin_pub) DO UPDATE
SET coin = :coin, deposit_fee = :deposit_fee, refund_fee = :refund_fee,
    wallet_data_hash = :wallet_data_hash, session_id = :session_id
WHERE exchange_sig IS NULL
