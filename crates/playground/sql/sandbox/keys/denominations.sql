-- scans: all of them are kept in memory
SELECT
    serial, value, fee_withdraw, fee_deposit, fee_refresh, fee_refund, age_mask, public_key,
    private_exponent, start_s, expire_withdraw_s, expire_deposit_s, expire_legal_s, revoked
FROM denominations
ORDER BY serial
