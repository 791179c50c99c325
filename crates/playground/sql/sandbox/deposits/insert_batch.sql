INSERT INTO batches (
    request_hash, merchant_pub, h_contract, h_wire, payto, wallet_data_hash, timestamp_s,
    refund_deadline_s, wire_deadline_s, confirmed_at_s, exchange_pub, exchange_sig
) VALUES (
    :request_hash, :merchant_pub, :h_contract, :h_wire, :payto, :wallet_data_hash, :timestamp_s,
    :refund_deadline_s, :wire_deadline_s, :confirmed_at_s, :exchange_pub, :exchange_sig
)
