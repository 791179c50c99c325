SELECT serial, merchant_pub, payto, total, wire_fee, execution_s, wtid
FROM transfers
WHERE serial > 0
ORDER BY serial DESC
LIMIT :limit
