SELECT
    coin_refunds.serial, deposit_serial, refund_serial, deposits.coin, rtransaction_id, amount,
    made_at_s, requested, coin_refunds.exchange_pub, coin_refunds.exchange_sig, refused_status, refused_code,
    refused_reply
FROM deposits
JOIN coin_refunds ON coin_refunds.deposit_serial = deposits.serial
WHERE deposits.order_serial = :order_serial
ORDER BY coin_refunds.serial
