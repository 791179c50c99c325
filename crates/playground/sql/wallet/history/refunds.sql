-- scans: refunds, all of which are asked for
SELECT r.made_at_s, r.amount, d.fee_refund, p.order_id, p.base_url
FROM refunds r
JOIN spendings s ON s.serial = r.spending
JOIN coins c ON c.serial = s.coin
JOIN denominations d ON d.serial = c.denomination
JOIN purchases p ON p.serial = s.purchase
ORDER BY r.serial DESC
LIMIT :limit
