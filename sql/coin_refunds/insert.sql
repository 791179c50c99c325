INSERT INTO coin_refunds (
    deposit_serial, refund_serial, rtransaction_id, amount, made_at_s, requested
)
VALUES (:deposit_serial, :refund_serial, :rtransaction_id, :amount, :made_at_s, :requested)
ON CONFLICT (deposit_serial, rtransaction_id) DO NOTHING
