-- Once anything is due to an account, all goes along that is not to be refunded any more.
SELECT d.serial, d.contribution - d.refunded - min(d.fee, d.contribution - d.refunded) AS net
FROM batches AS b JOIN deposits AS d ON d.batch = b.serial
WHERE
    b.merchant_pub = :merchant_pub AND b.payto = :payto
    AND (b.refund_deadline_s <= :now_s OR b.wire_deadline_s <= :now_s)
    AND d.transfer IS NULL
ORDER BY b.wire_deadline_s
LIMIT :limit
