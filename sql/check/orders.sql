-- scans: a check looks at every row
SELECT
    serial, order_id, amount, refund_granted, refunded, h_contract, terms, logo_at,
    (SELECT logos.text FROM logos WHERE logos.serial = orders.logo_serial) AS logo
FROM orders
ORDER BY serial
