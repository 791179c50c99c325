INSERT INTO orders (
    instance_serial, order_id, request_hash, claim_token, timestamp_s, created_at_s, pay_deadline_s,
    refund_deadline_s, amount, summary, summary_folded, base_url, fulfillment_url, session_id,
    refund_granted, refund_taken, refunded, wired, terms, logo_serial, logo_at, by_stranger,
    otp_device_serial
)
VALUES (
    :instance, :order_id, :request_hash, :claim_token, :timestamp_s, :created_at_s, :pay_deadline_s,
    :refund_deadline_s, :amount, :summary, :summary_folded, :base_url, :fulfillment_url, :session_id,
    :zero, :zero, 0, 0, :terms, :logo_serial, :logo_at, :by_stranger,
    :otp_device
)
ON CONFLICT (instance_serial, order_id) DO NOTHING
