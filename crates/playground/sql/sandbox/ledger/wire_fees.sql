-- scans: the sum of everything
SELECT coalesce(sum(wire_fee), 0) AS fees FROM transfers
