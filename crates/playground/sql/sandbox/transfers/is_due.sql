SELECT EXISTS (
    SELECT 1
    FROM batches AS b JOIN deposits AS d ON d.batch = b.serial
    WHERE
        b.merchant_pub = :merchant_pub AND b.payto = :payto AND b.wire_deadline_s <= :now_s
        AND d.transfer IS NULL
) AS is_due
