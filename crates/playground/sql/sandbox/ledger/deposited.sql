-- scans: the sum of everything
-- What a refund leaves pays the deposit fee first, as far as it goes.
SELECT
    coalesce(sum(contribution - refunded), 0) AS left_over,
    coalesce(sum(min(fee, contribution - refunded)), 0) AS fees
FROM deposits
