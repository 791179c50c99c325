UPDATE deposits
SET sent_at_s = :now
WHERE serial = :serial AND exchange_sig IS NULL AND NOT EXISTS (
    SELECT 1
    FROM coin_refunds
    WHERE deposit_serial = deposits.serial AND refused_status IS NULL
)
