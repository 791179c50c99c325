SELECT c.serial, c.coin_seed, c.blinding_seed, d.h_denom, d.rsa_pub, d.value, d.fee_withdraw
FROM coins c JOIN denominations d ON d.serial = c.denomination
WHERE c.withdrawal = :withdrawal AND c.ub_sig IS NULL
ORDER BY c.serial
