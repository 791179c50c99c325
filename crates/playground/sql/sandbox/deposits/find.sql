SELECT
    d.serial, d.contribution, d.fee, d.transfer IS NOT NULL AS is_wired, b.h_wire, b.payto,
    b.wire_deadline_s
FROM deposits AS d JOIN batches AS b ON b.serial = d.batch
WHERE d.coin = :coin AND d.merchant_pub = :merchant_pub AND d.h_contract = :h_contract
ORDER BY d.serial
