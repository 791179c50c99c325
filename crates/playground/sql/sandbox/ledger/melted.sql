-- scans: the sum of everything
SELECT
    coalesce(sum(amount), 0) AS melted,
    coalesce(sum(CASE WHEN is_revealed = 0 THEN amount - fee END), 0) AS unrevealed
FROM melts
