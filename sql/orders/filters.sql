    AND (:paid IS NULL OR (paid_at_s IS NOT NULL) = :paid)
    AND (:refunded IS NULL OR (refunded > 0) = :refunded)
    AND (
        :wired IS NULL
        OR wired = :wired
            AND (
                :wired = 1
                OR paid_at_s IS NULL
                OR EXISTS (SELECT 1 FROM settlements WHERE order_serial = orders.serial AND state = 0)
            )
    )
    AND (:after_s IS NULL OR created_at_s > :after_s)
    AND (:before_s IS NULL OR created_at_s < :before_s)
    AND (:fulfillment_url IS NULL OR fulfillment_url = :fulfillment_url)
    AND (:summary IS NULL OR instr(summary_folded, :summary) > 0)
