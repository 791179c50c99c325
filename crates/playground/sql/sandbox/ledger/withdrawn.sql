-- scans: the sum of everything
SELECT coalesce(sum(d.value), 0) AS value, coalesce(sum(d.fee_withdraw), 0) AS fees
FROM withdrawals AS w JOIN denominations AS d ON d.serial = w.denomination
