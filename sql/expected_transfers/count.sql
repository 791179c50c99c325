-- scans: the operator asks how all transfers stand
SELECT
    count(*) FILTER (WHERE validated IS NULL) AS waiting, count(*) FILTER (WHERE validated = 0) AS conflicting
FROM expected_transfers
