SELECT d.serial, d.contribution - d.refunded - min(d.fee, d.contribution - d.refunded) AS net
FROM batches AS b JOIN deposits AS d ON d.batch = b.serial
WHERE
    b.merchant_pub = :merchant_pub AND b.payto = :payto AND b.wire_deadline_s <= :now_s
    AND d.transfer IS NULL
ORDER BY b.wire_deadline_s
LIMIT :limit
