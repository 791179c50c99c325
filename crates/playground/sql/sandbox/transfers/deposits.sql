-- What is left after refunds, of which the fee is taken as far as it goes.
SELECT
    d.h_contract, c.coin_pub, d.contribution - d.refunded AS value,
    min(d.fee, d.contribution - d.refunded) AS fee, d.refunded
FROM deposits AS d JOIN coins AS c ON c.serial = d.coin
WHERE d.transfer = :transfer
ORDER BY d.serial
