SELECT c.remaining, d.value, d.fee_refund
FROM coins c JOIN denominations d ON d.serial = c.denomination
WHERE c.serial = :serial
