AND (:payto_uri IS NULL OR accounts.payto_uri = :payto_uri)
    AND (:after_s IS NULL OR transfers.execution_s > :after_s)
    AND (:before_s IS NULL OR transfers.execution_s < :before_s)
    AND (:expected IS NULL OR ifnull(expected_transfers.is_named, 0) = :expected)
