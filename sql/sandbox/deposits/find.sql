SELECT
    d.serial, d.contribution, d.fee, b.h_wire, b.payto, b.wallet_data_hash, b.timestamp_s,
    b.refund_deadline_s, b.wire_deadline_s
FROM deposits AS d JOIN batches AS b ON b.serial = d.batch
WHERE d.coin = :coin AND d.merchant_pub = :merchant_pub AND d.h_contract = :h_contract
