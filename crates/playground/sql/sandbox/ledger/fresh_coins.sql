-- scans: the sum of everything
SELECT coalesce(sum(d.value), 0) AS value
FROM fresh_coins AS f JOIN denominations AS d ON d.serial = f.denomination
