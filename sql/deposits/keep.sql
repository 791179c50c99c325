INSERT INTO deposits (
    order_serial, coin_pub, coin, deposit_fee, refund_fee, wallet_data_hash, session_id, sent_at_s
)
VALUES (
    :order_serial, :coin_pub, :coin, :deposit_fee, :refund_fee, :wallet_data_hash, :session_id,
    :sent_at_s
)
ON CONFLICT (order_serial, coin_pub) DO UPDATE
SET coin = :coin, deposit_fee = :deposit_fee, refund_fee = :refund_fee,
    wallet_data_hash = :wallet_data_hash, session_id = :session_id, sent_at_s = :sent_at_s
WHERE exchange_sig IS NULL AND sent_at_s IS NULL
    AND NOT EXISTS (SELECT 1 FROM coin_refunds WHERE deposit_serial = deposits.serial)
RETURNING serial
