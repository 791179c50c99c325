-- scans: the sum of everything
SELECT coalesce(sum(spent - refunded), 0) AS spent FROM coins
