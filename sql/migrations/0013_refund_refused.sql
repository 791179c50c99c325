-- What exchanges refuse for good to give back: the shop must do it in another way, and nobody waits
-- for it any more.
ALTER TABLE orders ADD COLUMN refund_refused TEXT; -- the part of refund_granted that no wallet will get, like EUR:0.5; NULL: nothing

-- What was refused before it was kept here. Amounts are texts with up to eight decimals.
UPDATE orders
SET refund_refused = (
    SELECT
        substr(orders.amount, 1, instr(orders.amount, ':'))
        || (sum(whole) + sum(part) / 100000000)
        || CASE sum(part) % 100000000
            WHEN 0 THEN ''
            ELSE rtrim(printf('.%08d', sum(part) % 100000000), '0')
        END
    FROM (
        SELECT
            CAST(number AS INTEGER) AS whole,
            CASE instr(number, '.')
                WHEN 0 THEN 0
                ELSE CAST(substr(substr(number, instr(number, '.') + 1) || '00000000', 1, 8) AS INTEGER)
            END AS part
        FROM (
            SELECT substr(coin_refunds.amount, instr(coin_refunds.amount, ':') + 1) AS number
            FROM deposits JOIN coin_refunds ON coin_refunds.deposit_serial = deposits.serial
            WHERE deposits.order_serial = orders.serial AND coin_refunds.refund_serial IS NOT NULL
                AND coin_refunds.exchange_sig IS NULL AND coin_refunds.refused_status IS NOT NULL
        )
    )
)
WHERE serial IN (
    SELECT deposits.order_serial
    FROM coin_refunds JOIN deposits ON deposits.serial = coin_refunds.deposit_serial
    WHERE coin_refunds.refund_serial IS NOT NULL AND coin_refunds.exchange_sig IS NULL
        AND coin_refunds.refused_status IS NOT NULL
);
