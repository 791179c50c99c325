-- scans: the sum of everything
SELECT merchant_pub, sum(contribution - refunded - min(fee, contribution - refunded)) AS earned
FROM deposits
GROUP BY merchant_pub
ORDER BY merchant_pub
LIMIT :limit
