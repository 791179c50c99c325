SELECT
    serial, coin, deposit_fee, refund_fee, wallet_data_hash, session_id, exchange_timestamp_s,
    exchange_pub, exchange_sig, sent_at_s
FROM deposits
WHERE order_serial = :order_serial
ORDER BY serial
