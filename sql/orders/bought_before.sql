    AND (:bought_before IS NULL OR (
        paid_at_s IS NULL AND h_contract IS NOT NULL AND EXISTS (
            SELECT 1 FROM orders AS earlier
            WHERE earlier.instance_serial = orders.instance_serial AND earlier.paid_session = orders.session_id
                AND earlier.fulfillment_url = orders.fulfillment_url AND earlier.refunded < 2
        )
    ) = :bought_before)
