-- scans: a check looks at every row
SELECT serial, order_id, amount, refund_granted, refunded, h_contract, terms
FROM orders
ORDER BY serial
