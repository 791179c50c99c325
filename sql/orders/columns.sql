SELECT
    serial, instance_serial, order_id, request_hash, claim_token, timestamp_s, created_at_s, pay_deadline_s,
    refund_deadline_s, amount, summary, base_url, fulfillment_url, session_id, nonce, h_contract,
    paid_at_s, paid_session, refund_granted, refund_taken, refund_refused,
    otp_device_serial IS NOT NULL AS has_otp_device
FROM orders
