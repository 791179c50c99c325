-- scans: the index of refreshes that are not done, all of which are asked for
SELECT serial FROM refreshes WHERE state IN ('melting', 'melted') ORDER BY serial
