-- scans: only what is unfinished is in the index
SELECT DISTINCT order_serial
FROM deposits
WHERE exchange_sig IS NULL
ORDER BY order_serial
