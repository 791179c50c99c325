SELECT max(at_s) AS newest_s
FROM (
    SELECT max(created_at_s, coalesce(paid_at_s, 0)) AS at_s
    FROM orders
    WHERE serial = (SELECT max(serial) FROM orders)
    UNION ALL
    SELECT granted_at_s
    FROM refunds
    WHERE serial = (SELECT max(serial) FROM refunds)
)
