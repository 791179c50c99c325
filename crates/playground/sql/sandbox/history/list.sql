SELECT
    h.deposit, h.refund, d.contribution, d.fee AS deposit_fee, d.merchant_pub, d.h_contract, d.coin_sig,
    b.timestamp_s, b.refund_deadline_s, b.h_wire, b.wallet_data_hash,
    r.rtransaction_id, r.amount AS refund_amount, r.fee AS refund_fee, r.merchant_sig,
    m.serial AS melt_serial, m.amount AS melt_amount, m.fee AS melt_fee, m.commitment,
    m.coin_sig AS melt_sig, m.noreveal_index, m.candidates
FROM coin_history h
LEFT JOIN refunds r ON r.serial = h.refund
LEFT JOIN deposits d ON d.serial = coalesce(h.deposit, r.deposit)
LEFT JOIN batches b ON b.serial = d.batch
LEFT JOIN melts m ON m.serial = h.melt
WHERE h.coin = :coin AND h.serial > :start
ORDER BY h.serial
LIMIT :limit
