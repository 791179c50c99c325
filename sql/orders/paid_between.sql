SELECT
    orders.serial, orders.instance_serial, orders.order_id, orders.request_hash, orders.claim_token,
    orders.timestamp_s, orders.created_at_s, orders.pay_deadline_s, orders.refund_deadline_s,
    orders.amount, orders.summary, orders.base_url, orders.fulfillment_url, orders.session_id,
    orders.nonce, orders.h_contract, orders.paid_at_s, orders.paid_session, orders.refund_granted,
    orders.refund_taken, orders.refund_refused, orders.otp_device_serial IS NOT NULL AS has_otp_device,
    method, reference
FROM orders LEFT JOIN payments ON payments.order_serial = orders.serial
WHERE orders.instance_serial = :instance AND orders.paid_at_s >= :at_s AND orders.paid_at_s < :until_s
    AND (orders.paid_at_s > :at_s OR orders.serial > :serial)
ORDER BY orders.paid_at_s, orders.serial
LIMIT :limit
