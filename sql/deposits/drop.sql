DELETE FROM deposits
WHERE serial = :serial AND exchange_sig IS NULL AND sent_at_s IS :sent_at_s
    AND NOT EXISTS (SELECT 1 FROM coin_refunds WHERE deposit_serial = deposits.serial)
