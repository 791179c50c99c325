SELECT
    serial, instance_serial, order_id, request_hash, claim_token, timestamp_s, created_at_s, pay_deadline_s,
    refund_deadline_s, amount, summary, base_url, fulfillment_url, session_id, nonce, h_contract,
    paid_at_s, paid_session, refund_granted, refund_taken, refund_refused
FROM orders
WHERE instance_serial = :instance AND session_id = :session_id AND serial < :offset
    AND (:paid IS NULL OR (paid_at_s IS NOT NULL) = :paid)
    AND (:refunded IS NULL OR (refunded > 0) = :refunded)
    AND (:wired IS NULL OR wired = :wired)
    AND (:after_s IS NULL OR created_at_s > :after_s)
    AND (:before_s IS NULL OR created_at_s < :before_s)
    AND (:fulfillment_url IS NULL OR fulfillment_url = :fulfillment_url)
    AND (:summary IS NULL OR instr(summary_folded, :summary) > 0)
ORDER BY serial DESC
LIMIT :limit
