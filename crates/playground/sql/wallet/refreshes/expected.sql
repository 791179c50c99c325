-- scans: the index of refreshes that are not done, all of which are asked for
SELECT e.base_url, d.value
FROM refreshes r
JOIN refresh_coins n ON n.refresh = r.serial
JOIN denominations d ON d.serial = n.denomination
JOIN exchanges e ON e.serial = d.exchange
WHERE r.state IN ('melting', 'melted')
