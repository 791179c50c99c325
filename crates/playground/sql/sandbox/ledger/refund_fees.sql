-- scans: the sum of everything
SELECT coalesce(sum(fee), 0) AS fees FROM refunds
