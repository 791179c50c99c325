-- scans: there are few instances, and all are wanted
ORDER BY serial
