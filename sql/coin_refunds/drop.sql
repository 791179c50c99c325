DELETE FROM coin_refunds
WHERE deposit_serial = :deposit_serial AND refund_serial IS NULL AND exchange_sig IS NULL
