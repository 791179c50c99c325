-- scans: the sum of everything
SELECT coalesce(sum(topped_up), 0) AS topped_up, coalesce(sum(topped_up - withdrawn), 0) AS balance
FROM reserves
