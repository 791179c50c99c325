SELECT coalesce(sum(d.contribution), 0) AS deposited
FROM batches AS b JOIN deposits AS d ON d.batch = b.serial
WHERE b.merchant_pub = :merchant_pub AND b.payto = :payto AND b.confirmed_at_s > :since_s
