SELECT
    terms, logo_at, (SELECT logos.text FROM logos WHERE logos.serial = orders.logo_serial) AS logo
FROM orders
WHERE serial = :order_serial
