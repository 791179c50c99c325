-- scans: a bank statement of the sandbox pays out what is due to anybody
SELECT DISTINCT b.merchant_pub, b.payto
FROM batches AS b JOIN deposits AS d ON d.batch = b.serial
WHERE b.wire_deadline_s <= :now_s AND d.transfer IS NULL
LIMIT :limit
